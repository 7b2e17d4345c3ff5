"""What is run again of a dbt run that failed: with made-up results, a real lock and a real connection."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from sales_assets.dbt import runner
from sales_assets.dbt.failures import DbtFailedError, NodeResult
from sales_assets.dbt.retries import find_worth_a_retry, is_lasting, run_until_it_lasts
from sales_assets.dbt.runner import run_dbt

ONCE = dg.RetryPolicy(max_retries=1, delay=7)
LOCK = "Runtime Error in model b\n  IO Error: Could not set lock on file"
BINDER = "Database Error in model b\n  Binder Error: no column x"

CHILDREN = {
    "model.p.a": ["model.p.b", "model.p.c", "test.p.a_is_good"],
    "model.p.b": ["model.p.d", "test.p.b_is_good"],
    "model.p.c": ["model.p.e"],
}
NODES = [*CHILDREN, "model.p.d", "model.p.e"]
MANIFEST = {
    "child_map": CHILDREN,
    "nodes": {
        name: {"fqn": name.split(".")[1:], "depends_on": {"nodes": [f"model.p.{name[7]}"]}}
        for name in [*NODES, "test.p.a_is_good", "test.p.b_is_good"]
    },
}


def outcome(**statuses: str) -> list[NodeResult]:
    """How nodes ended; an error is a lock unless its message is given."""
    return [
        NodeResult(
            name if name.startswith("test") else f"model.p.{name}",
            "error" if text not in ("success", "skipped", "fail") else text,
            LOCK if text == "error" else text,
        )
        for name, text in ((name.replace("__", "."), text) for name, text in statuses.items())
    ]


@pytest.mark.parametrize(
    ("message", "lasts"),
    [
        (LOCK, False),
        ("Database Error in model x\n  TransactionContext Error: Conflict on tuple deletion!", False),
        ("Database Error in model x\n  250003 (08001): Failed to execute request: Connection reset", False),
        ("Database Error in model x\n  000625 (57014): Statement was aborted waiting for a lock", False),
        (BINDER, True),
        ("Compilation Error in model x\n  'nowhere' is undefined", True),
        ("Database Error in model x\n  001003 (42000): SQL compilation error: syntax error", True),
        ("Database Error in model x\n  100038 (22018): Numeric value 'a' is not recognized", True),
    ],
)
def test_locks_and_connections_pass_and_queries_do_not(message: str, lasts: bool) -> None:
    assert is_lasting(message) == lasts


def test_what_a_lock_failed_and_what_was_skipped_for_it_is_worth_a_retry() -> None:
    of_lock = outcome(a="success", b="error", c="success", d="skipped", e="success")
    assert find_worth_a_retry(of_lock, MANIFEST) == ["model.p.b", "model.p.d"]
    both = outcome(a="success", b="error", c=BINDER, d="skipped", e="skipped")
    assert find_worth_a_retry(both, MANIFEST) == ["model.p.b", "model.p.d"]
    assert find_worth_a_retry(outcome(a=BINDER, b="skipped"), MANIFEST) == []


def test_what_a_failed_test_holds_back_is_not_run() -> None:
    held = outcome(a="success", b="success", test__p__b_is_good="fail", c="error", d="skipped", e="skipped")
    assert find_worth_a_retry(held, MANIFEST) == ["model.p.c", "model.p.e"]
    unable = outcome(a="success", b="success", test__p__b_is_good="error", d="skipped")
    assert find_worth_a_retry(unable, MANIFEST) == ["test.p.b_is_good", "model.p.d"]


class Dbt:
    """Stands in for dbt: each run has the outcome that comes next."""

    def __init__(self, *outcomes: list[NodeResult]):
        self.outcomes = iter(outcomes)
        self.selections: list[list[str]] = []
        self.pauses: list[float] = []

    def run(self, selection: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield the results, and fail if one did."""
        self.selections.append(list(selection))
        nodes = next(self.outcomes)
        for node in nodes:
            if node.status != "skipped":
                yield {"data": {"node_info": {"unique_id": node.unique_id, "node_status": node.status}}}
        if any(node.status in ("error", "fail") for node in nodes):
            message = "dbt failed"
            raise DbtFailedError(message, nodes)

    def results(self) -> list[str]:
        """Run until it lasts; the nodes whose results came, with their status."""
        ran: list[str] = []
        for result in run_until_it_lasts(self.run, ["--select", "all"], MANIFEST, ONCE, self.pauses.append):
            info = result["data"]["node_info"]
            ran.append(f"{info['unique_id']} {info['node_status']}")
        return ran


def test_every_result_comes_once_and_only_what_failed_is_selected_again() -> None:
    dbt = Dbt(
        outcome(a="success", test__p__a_is_good="error", b="skipped"),
        outcome(test__p__a_is_good="success", b="success"),
    )
    assert dbt.results() == ["model.p.a success", "test.p.a_is_good success", "model.p.b success"]
    assert dbt.selections[1] == ["--select", "fqn:p.a_is_good fqn:p.b", "--indirect-selection", "empty"]
    assert dbt.pauses == [7]


@pytest.mark.parametrize("second", [outcome(b="error"), outcome(b=BINDER)])
def test_what_lasts_or_fails_too_often_ends_the_run(second: list[NodeResult]) -> None:
    dbt = Dbt(outcome(a="success", b="error"), second)
    with pytest.raises(DbtFailedError):
        dbt.results()
    assert len(dbt.selections) == 2
    dbt = Dbt(outcome(a="success", b=BINDER))
    with pytest.raises(DbtFailedError):
        dbt.results()
    assert dbt.pauses == []


MODELS = {
    "healthy": "select 1 as id",
    "wounded": "select * from {{ ref('healthy') }}",
    "locked": "{{ config(pre_hook=\"attach 'OTHER' as other (read_only)\") }} select * from other.t",
    "reader": "select * from {{ ref('wounded') }} union all select * from {{ ref('locked') }}",
    "wrong": "select nothing from {{ ref('healthy') }}",
    "below": "select * from {{ ref('wrong') }}",
}
PROJECT = "{name: tiny, version: '1.0', profile: tiny, model-paths: [models]}"
HOLD = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("create table if not exists t as select 2 as id")
print("held", flush=True)
sys.stdin.read()
"""


class Tiny:
    """A dbt project of six models on a DuckDB file of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.other = folder / "other.duckdb"
        (folder / "models").mkdir()
        for name, sql in MODELS.items():
            (folder / "models" / f"{name}.sql").write_text(sql.replace("OTHER", str(self.other)))
        (folder / "dbt_project.yml").write_text(PROJECT)
        output = f"{{type: duckdb, path: '{folder / 'tiny.duckdb'}', threads: 1}}"
        (folder / "profiles.yml").write_text(f"tiny: {{target: dev, outputs: {{dev: {output}}}}}")
        target = ["--target-path", str(folder / "target"), "--log-path", str(folder / "target")]
        self.options = [
            "--project-dir",
            str(folder),
            "--profiles-dir",
            str(folder),
            *target,
            "--no-use-colors",
        ]
        parsed = dbtRunner().invoke(["--quiet", "parse", *self.options])
        assert parsed.success
        self.manifest = json.loads((folder / "target" / "manifest.json").read_text())

    def run(self, selection: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Build the selected models in this process, as a step does."""
        target = self.folder / "target"
        return run_dbt(["build", *selection, *self.options], target / "partial_parse.msgpack", target)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return Tiny(tmp_path_factory.mktemp("tiny"))


def build(tiny: Tiny, selection: str, pause: Any) -> tuple[list[str], list[list[str]]]:
    """The models whose results came, in order, and what each run of dbt selected."""
    selections: list[list[str]] = []

    def run(selected: Sequence[str]) -> Iterator[dict[str, Any]]:
        selections.append(list(selected))
        return tiny.run(selected)

    done = []
    try:
        for result in run_until_it_lasts(run, ["--select", selection], tiny.manifest, ONCE, pause):
            info = result["data"]["node_info"]
            done.append(f"{info['node_name']} {info['node_status']}")
    except DbtFailedError as error:
        done.append(str(error))
    return done, selections


@pytest.mark.slow
def test_a_model_that_meets_a_lock_is_built_when_the_lock_is_gone_and_its_healthy_siblings_only_once(
    tiny: Tiny,
) -> None:
    command = [sys.executable, "-c", HOLD, str(tiny.other)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        done, selections = build(tiny, "*", lambda _: holder.communicate())
    assert selections[1:] == [
        ["--select", "fqn:tiny.locked fqn:tiny.reader", "--indirect-selection", "empty"]
    ]
    assert sorted(done[:-1]) == [
        "healthy success",
        "locked success",
        "reader success",
        "wounded success",
        "wrong error",
    ]
    assert "wrong: " in done[-1]


@pytest.mark.slow
def test_a_model_whose_connection_breaks_is_built_on_a_new_one(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = runner._DbtThread._receive
    broken: list[str] = []

    def breaking(thread: Any, event: Any) -> None:
        receive(thread, event)
        if event.info.name == "LogModelResult" and not broken:
            broken.append(event.data.node_info.node_name)
            environment: Any = DuckDBConnectionManager._ENV
            environment.conn.close()

    monkeypatch.setattr(runner._DbtThread, "_receive", breaking)
    done, selections = build(tiny, "healthy wounded", lambda _: None)
    assert broken == ["healthy"]
    assert done == ["healthy success", "wounded success"]
    assert selections[1:] == [["--select", "healthy wounded", "--exclude", "fqn:tiny.healthy"]]
