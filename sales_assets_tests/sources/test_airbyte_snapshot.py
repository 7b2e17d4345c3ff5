"""The snapshot: what loads from it, how it is made from a live server, and what is said of drift."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sales_assets.commands.airbyte_snapshot import live, rewrite
from sales_assets.definitions import build_definitions
from sales_assets.demo.airbyte.connections import WORKSPACE_ID
from sales_assets.settings import ROOT, AirbyteLogin, Environment, Settings
from sales_assets.sources.airbyte import snapshot as snapshots
from sales_assets.sources.airbyte.airbyte_assets import build_airbyte_assets, spec_of
from sales_assets.sources.airbyte.airbyte_checks import build_airbyte_check
from sales_assets.sources.airbyte.diff import diff_snapshots
from sales_assets.sources.airbyte.snapshot import (
    Connection,
    Snapshot,
    SnapshotError,
    Stream,
    parsed,
    read,
    write,
)
from sales_assets.sources.airbyte.workspace import base_of
from sales_assets_tests.support.airbyte import CRM, GARBLED, RESET, SLOW, Airbyte, Fault

LOCAL = read(Environment.LOCAL)


@pytest.fixture
def server_settings(server: Airbyte, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with the server in the environment."""
    monkeypatch.setenv("AIRBYTE_URL", f"{server.url}/api/public/v1/")
    monkeypatch.setenv("AIRBYTE_WORKSPACE_ID", WORKSPACE_ID)
    return Settings(has_airbyte_url=True)


@pytest.fixture
def _no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        message = "something tried to connect"
        raise AssertionError(message)

    monkeypatch.setattr(socket.socket, "connect", refused)


@pytest.mark.usefixtures("_no_connection")
@pytest.mark.parametrize("environment", list(Environment))
@pytest.mark.parametrize("has_url", [True, False])
def test_the_location_loads_with_airbyte_unreachable_and_unset(
    environment: Environment, has_url: bool
) -> None:
    settings = Settings(environment=environment, has_airbyte_url=has_url)
    definitions = build_definitions(settings)
    dg.Definitions.validate_loadable(definitions)
    keys = {key.to_user_string() for key in definitions.get_repository_def().asset_graph.get_all_asset_keys()}
    assert keys >= {"crm/accounts", "crm/contacts", "payments/charges", "payments/refunds", "ads/spend"}
    assert not [key for key in keys if "staging_crm" in key or "crm_staging" in key]


@pytest.mark.slow
@pytest.mark.parametrize("environment", [Environment.LOCAL, Environment.PROD])
def test_a_fresh_process_loads_with_a_server_that_does_not_exist_and_starts_none(
    environment: Environment, tmp_path: Path
) -> None:
    told = {"DAGSTER_DEPLOYMENT": environment, "AIRBYTE_URL": "http://127.0.0.1:1"}
    told["SALES_DUCKDB_PATH"] = str(tmp_path / "w.duckdb")
    script = "import threading; from sales_assets.definitions import defs; print(threading.active_count())"
    loaded = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        env=os.environ | told,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr
    assert not list((ROOT / ".data" / "airbyte").glob("w-*"))


def test_a_stream_is_an_asset_with_its_table_link_pool_and_policy() -> None:
    definitions = {each.op.name: each for each in build_airbyte_assets(Settings())}
    assert set(definitions) == {"airbyte_ads", "airbyte_crm", "airbyte_payments"}
    crm = definitions["airbyte_crm"]
    assert crm.op.pool == "airbyte_crm"
    assert crm.op.retry_policy is not None
    spec = crm.specs_by_key[dg.AssetKey(["crm", "accounts"])]
    assert spec.group_name == "airbyte"
    assert spec.metadata["dagster/table_name"] == "crm.accounts"
    assert spec.metadata["connection"].value == f"{LOCAL.url}/workspaces/{WORKSPACE_ID}/connections/{CRM.id}"
    columns = {column.name: column.type for column in spec.metadata["dagster/column_schema"].columns}
    assert columns["erp_customer_id"] == "integer"
    assert columns["updated_at"] == "timestamp_with_timezone"


def test_keys_and_tables_have_the_prefix_and_names_may_hold_what_they_like() -> None:
    stream = Stream("Größe 1/a", "sales", {})
    connection = Connection("prod_my sheet → x", "id", "g_", "DB", (stream, Stream("b", None, {})))
    snapshot = Snapshot("https://a", "w", (connection,))
    spec = spec_of(snapshot, connection, stream)
    assert spec.key.path == ["my sheet → x", "g_Größe 1/a"]
    assert spec.metadata["dagster/table_name"] == "DB.sales.g_Größe 1/a"
    assert "dagster/column_schema" not in spec.metadata


def test_a_definition_with_odd_names_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    streams = (Stream("Größe 1/a", "sales", {}), Stream("Größe 1.a", "sales", {}))
    odd = replace(LOCAL, connections=(Connection("prod_my sheet → x", "id", "", None, streams),))
    monkeypatch.setattr("sales_assets.sources.airbyte.airbyte_assets.read", lambda _: odd)
    [definition] = build_airbyte_assets(Settings())
    assert definition.op.name == "airbyte_my_sheet_x"
    assert len(definition.keys) == 2


def connections(told: dict[str, Any]) -> Any:
    return told["connections"]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (None, "cannot be read"),
        (lambda _: "{", "it is no snapshot"),
        (lambda _: "[]", "it is no snapshot"),
        (lambda told: {**told, "connections": []}, "no connection of workspace"),
        (lambda told: {"connections": connections(told)}, "it lacks 'url'"),
        (lambda told: {**told, "connections": connections(told) * 2}, "crm is there twice; payments"),
        (
            lambda told: {**told, "connections": [{**connections(told)[0], "streams": []}]},
            "no selected stream",
        ),
        (lambda told: {**told, "connections": [{**connections(told)[0], "name": "prod_"}]}, "is no name"),
        (lambda told: {**told, "connections": [None]}, "it is no snapshot"),
    ],
)
def test_a_snapshot_that_is_missing_or_of_no_use_is_an_error_with_the_command_that_makes_it(
    tmp_path: Path, spoil: Callable[[Any], Any] | None, reason: str
) -> None:
    if spoil:
        spoilt = spoil(json.loads(LOCAL.text()))
        (tmp_path / "prod.json").write_text(spoilt if isinstance(spoilt, str) else json.dumps(spoilt))
    with pytest.raises(SnapshotError, match=reason) as error:
        read(Environment.PROD, tmp_path)
    assert "DAGSTER_DEPLOYMENT=prod make airbyte-snapshot" in str(error.value)
    assert str(tmp_path / "prod.json") in str(error.value)


def test_without_a_snapshot_the_location_does_not_load_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots.read, "__defaults__", (tmp_path,))
    with pytest.raises(SnapshotError, match="make airbyte-snapshot"):
        build_definitions(Settings())


def test_a_written_snapshot_is_read_as_it_was_and_stands_sorted(tmp_path: Path) -> None:
    path = tmp_path / "new" / "local.json"
    write(LOCAL, path)
    assert parsed(path.read_text()) == LOCAL
    assert [each.name for each in path.parent.iterdir()] == ["local.json"]
    names = [connection.name for connection in LOCAL.connections]
    assert names == sorted(names)


@pytest.mark.parametrize("environment", list(Environment))
def test_the_committed_snapshots_hold_our_connections_and_no_secret(environment: Environment) -> None:
    text = snapshots.path_of(environment).read_text()
    assert text == read(environment).text()
    assert [each.name for each in read(environment).connections] == ["prod_ads", "prod_crm", "prod_payments"]
    assert not [word for word in ("secret", "password", "token", "configuration") if word in text]


def test_the_command_writes_what_the_server_has_and_says_what_changed(
    server: Airbyte, server_settings: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert rewrite(server_settings, tmp_path) == 0
    assert "prod_crm: is new" in capfd.readouterr().out
    assert rewrite(server_settings, tmp_path) == 0
    assert "nothing changed" in capfd.readouterr().out
    written = read(Environment.LOCAL, tmp_path)
    assert written.connections == LOCAL.connections
    assert written.url == server.url
    server.replace(replace(CRM, prefix="x_", unselected=("contacts",)))
    assert rewrite(server_settings, tmp_path) == 0
    said = capfd.readouterr().out
    assert "prod_ads: is gone" in said
    assert "prod_crm: prefix was none, is x_" in said
    assert "prod_crm: stream contacts is gone: in schema crm" in said
    assert "prod_crm: stream contacts, column email is gone: string" in said


@pytest.mark.parametrize("fault", [503, 401, 403, RESET, SLOW, GARBLED])
def test_the_command_keeps_the_snapshot_if_the_server_errs(
    server: Airbyte,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fault: int | str,
) -> None:
    monkeypatch.setattr(
        "sales_assets.commands.airbyte_snapshot.airbyte_resource", lambda _: server.workspace()
    )
    write(LOCAL, tmp_path / "local.json")
    server.faults = [Fault(fault, times=99)]
    assert rewrite(Settings(), tmp_path) == 1
    assert "stays as it was: Airbyte at" in capfd.readouterr().out
    assert read(Environment.LOCAL, tmp_path) == LOCAL


def test_the_command_writes_no_empty_snapshot(
    server: Airbyte, server_settings: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    server.replace(replace(CRM, name="dev_crm"))
    assert rewrite(server_settings, tmp_path) == 1
    assert "no connection of workspace" in capfd.readouterr().out
    assert not list(tmp_path.iterdir())


def test_the_command_says_which_variable_is_missing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRBYTE_URL", "https://airbyte.example.com")
    monkeypatch.setenv("AIRBYTE_WORKSPACE_ID", "w")
    prod = Settings(environment=Environment.PROD, has_airbyte_url=True)
    assert rewrite(prod, tmp_path) == 1
    assert "AIRBYTE_CLIENT_" in capfd.readouterr().out


def test_a_server_that_only_has_the_public_api_gives_streams_without_columns(server: Airbyte) -> None:
    server.stand_in.absent = "^/api/v1/"
    told = live(server.workspace())
    assert [connection.name for connection in told.connections] == ["prod_ads", "prod_crm", "prod_payments"]
    assert [stream.columns for connection in told.connections for stream in connection.streams] == [{}] * 5


def test_a_server_that_tells_nothing_of_destinations_gives_tables_without_schema(server: Airbyte) -> None:
    server.stand_in.absent = "/destinations/"
    told = live(server.workspace())
    assert told.connections[0].table_of(told.connections[0].streams[0]) == "spend"


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"namespaceDefinition": "source"}, "shop"),
        ({"namespaceDefinition": "customformat", "namespaceFormat": "raw_${SOURCE_NAMESPACE}"}, "raw_shop"),
        ({"namespaceDefinition": "custom_format", "namespaceFormat": "lake"}, "lake"),
        ({"namespaceDefinition": "destination"}, "crm"),
        ({"namespaceDefinition": None}, "crm"),
    ],
)
def test_the_schema_follows_the_connections_rule_for_namespaces(
    server: Airbyte, details: dict[str, Any], expected: str
) -> None:
    catalog = {
        "streams": [
            {"stream": {"name": "a", "namespace": "shop"}, "config": {"selected": True}},
            {"stream": {"name": "b"}, "config": {"selected": False}},
            {
                "stream": {
                    "name": "c",
                    "namespace": "shop",
                    "jsonSchema": {"properties": {"x": {"type": ["null", "number"]}, "y": {}, "z": True}},
                },
                "config": {
                    "selected": True,
                    "fieldSelectionEnabled": True,
                    "selectedFields": [{"fieldPath": ["x"]}, {"fieldPath": ["y"]}],
                },
            },
        ]
    }
    body = json.dumps({"name": "prod_crm", "syncCatalog": catalog, **details})
    server.replace(CRM)
    server.faults = [Fault(200, "POST", "/connections/get", body=body)]
    [connection] = live(server.workspace()).connections
    assert [(stream.name, stream.schema) for stream in connection.streams] == [
        ("a", expected),
        ("c", expected),
    ]
    assert connection.streams[1].columns == {"x": "number", "y": "unknown"}


def test_drift_is_said_fact_by_fact() -> None:
    [ads, crm, payments] = LOCAL.connections
    changed = replace(crm, id="other", streams=(crm.streams[0], Stream("leads", "crm", {"id": "string"})))
    new = replace(payments, name="prod_shop")
    found = diff_snapshots(LOCAL, replace(LOCAL, connections=(ads, changed, new)))
    assert found["prod_payments"] == ["is gone, or no longer has this name or a selected stream"]
    assert found["prod_shop"] == ["is new, with charges, refunds"]
    assert f"id was {crm.id}, is other" in found["prod_crm"]
    assert "stream leads is new: in schema crm" in found["prod_crm"]
    assert "prod_ads" not in found


class Checked:
    """The check's results by asset."""

    def __init__(self, server: Airbyte):
        definitions = dg.Definitions(
            assets=build_airbyte_assets(Settings()),
            asset_checks=[build_airbyte_check(Settings())],
            resources={"airbyte": server.workspace()},
            jobs=[dg.define_asset_job("look", dg.AssetSelection.all_asset_checks())],
        )
        job = definitions.resolve_job_def("look")
        result = job.execute_in_process(instance=dg.DagsterInstance.ephemeral())
        self.success = result.success
        self.results = {
            each.asset_key.to_user_string(): each for each in result.get_asset_check_evaluations()
        }


@pytest.fixture
def checked(server: Airbyte) -> Callable[[], Checked]:
    return lambda: Checked(server)


def test_the_check_passes_while_snapshot_and_server_agree(checked: Callable[[], Checked]) -> None:
    found = checked()
    assert set(found.results) == {"ads/spend", "crm/accounts", "payments/charges"}
    assert all(each.passed for each in found.results.values())


def test_the_check_warns_of_drift_with_what_to_do_and_breaks_nothing(
    server: Airbyte, checked: Callable[[], Checked]
) -> None:
    [ads, _, payments] = [each for each in server.stand_in.connections.values() if each.name != "staging_crm"]
    server.replace(ads, replace(CRM, unselected=("contacts",)), payments, replace(ads, name="prod_new"))
    found = checked()
    assert found.success
    accounts = found.results["crm/accounts"]
    assert not accounts.passed
    assert accounts.severity is dg.AssetCheckSeverity.WARN
    assert "prod_crm: stream contacts is gone" in str(accounts.description)
    assert "make airbyte-snapshot" in str(accounts.description)
    spend = found.results["ads/spend"]
    assert "prod_new: is new, with spend" in str(spend.description)
    assert "prod_crm" not in str(spend.description)


def test_the_check_says_that_nothing_could_be_compared(
    server: Airbyte, checked: Callable[[], Checked]
) -> None:
    server.faults = [Fault(503, times=99)]
    found = checked()
    assert found.success
    assert all("nothing could be compared" in str(each.description) for each in found.results.values())
    assert not any(each.passed for each in found.results.values())


@pytest.mark.parametrize("url", ["airbyte.example.com", "ftp://a", "https://me:pw@a.example.com", "http://"])
def test_an_address_that_is_none_or_holds_a_password_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="AIRBYTE_URL must be a URL without user and password") as error:
        Settings.from_environment({"AIRBYTE_URL": url})
    assert "pw" not in str(error.value).replace("password", "")


def test_settings_tell_which_airbyte_and_how_to_log_in() -> None:
    assert Settings().uses_demo_airbyte
    assert not Settings(environment=Environment.PROD).uses_demo_airbyte
    given = {"AIRBYTE_URL": "https://a.example.com", "AIRBYTE_USERNAME": "u", "AIRBYTE_CLIENT_ID": "c"}
    settings = Settings.from_environment(given)
    assert settings.has_airbyte_url
    assert not settings.uses_demo_airbyte
    assert settings.airbyte_login is AirbyteLogin.APPLICATION


@pytest.mark.parametrize("end", ["", "/", "/api/public/v1", "/api/public/v1/", "/api/v1"])
def test_an_address_may_be_copied_with_the_path_of_an_api(end: str) -> None:
    assert base_of(f"https://airbyte.example.com/below{end}") == "https://airbyte.example.com/below"
