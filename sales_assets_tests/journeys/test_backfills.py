"""Backfills under stress: killed, two at once, disconnected from the ERP, or with a million orders."""

import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from sales_assets.assets import raw_orders
from sales_assets.operations.repair.gaps import range_tags
from sales_assets.sources.erp import postgres
from sales_assets.warehouse.duckdb import DuckDBWarehouse, DuckDBWarehouseIOManager
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.pipeline import ORDER_TABLES
from sales_assets_tests.support.python_process import PythonProcess, run_commands

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("models_alone")]

DAYS = [f"2025-01-{day:02}" for day in range(10, 19)]
BACKFILL = ["sales-assets", "backfill"]
REPAIR = ["sales-assets", "repair"]


class Backfills:
    """The command in its own checkout, on an ERP with a few orders a day."""

    def __init__(self, erp: Erp, checkout: Path):
        self.erp = erp
        self.checkout = checkout

    def start(self, first: str, last: str) -> PythonProcess:
        """Start it as a process that can be killed and whose output can be read."""
        arguments = ["-m", "sales_assets.commands", "backfill", first, last]
        return PythonProcess(*arguments, environment=self._environment, checkout=self.checkout)

    def start_day_by_day(self, first: str, last: str) -> PythonProcess:
        """Start it so that each day is a group, as days with many orders are."""
        code = (
            "from sales_assets.catalog import day_groups; day_groups.ROWS_PER_GROUP = 0; "
            f"from sales_assets.commands.__main__ import main; main(['backfill', '{first}', '{last}'])"
        )
        return PythonProcess("-c", code, environment=self._environment, checkout=self.checkout)

    def list_recorded(self, asset: str) -> list[str]:
        """The days of an asset that Dagster knows to be materialized."""
        with chdir(self.checkout), dg.DagsterInstance.from_config(str(self.checkout)) as instance:
            return sorted(instance.get_materialized_partitions(dg.AssetKey(asset)))

    def run(self, *commands: Sequence[str]) -> list[tuple[int, str]]:
        """Run commands one after the other; returns exit code and output of each."""
        return run_commands(*commands, environment=self._environment, checkout=self.checkout)

    @property
    def _environment(self) -> dict[str, str]:
        return {"ERP_POSTGRES_URL": self.erp.url}

    def read_totals(self, table: str) -> dict[str, tuple[int, str]]:
        """Read count and exact sum of each stored day."""
        query = f"""
            select {ORDER_TABLES[table]}::varchar, count(*), sum(total_amount)::decimal(38, 4)::varchar
            from {table} group by 1
        """
        with duckdb.connect(self.checkout / ".data" / "sales.duckdb", read_only=True) as connection:
            return {day: (count, total) for day, count, total in connection.execute(query).fetchall()}

    def is_exact(self) -> bool:
        """Whether every table agrees with the ERP on every day."""
        expected = {day: self.erp.totals(day) for day in DAYS}
        return all(self.read_totals(table) == expected for table in ORDER_TABLES)


@pytest.fixture
def backfills(erp: Erp, checkout: Path) -> Backfills:
    for number, day in enumerate(DAYS):
        erp.order(10 * number, f"{day} 00:00+00", customer=1, items=[(3, "0.07", "0.3333")])
        erp.order(10 * number + 1, f"{day} 23:59:59.999999+00")
    erp.customer(1)
    return Backfills(erp, checkout)


@pytest.mark.exhaustive
def test_a_backfill_killed_within_a_step_keeps_the_days_before_and_is_completed_by_running_it_again(
    backfills: Backfills,
) -> None:
    whole = [DAYS[0], DAYS[-1]]
    process = backfills.start_day_by_day(*whole)
    assert any("Progress of raw_orders: 4 of 9 partitions" in line for line in process.output)
    process.send(signal.SIGKILL)
    process.wait()
    stored = sorted(backfills.read_totals("raw.raw_orders"))
    recorded = backfills.list_recorded("raw_orders")
    assert stored[:4] == DAYS[:4]
    # Between a group's commit and its record the process may have died too, but not before the next group.
    assert recorded in (stored, stored[:-1])
    find = [*REPAIR, "--from", DAYS[0], "--to", DAYS[-1]]
    (_, plan), (code, _), (_, remaining) = backfills.run(find, [*BACKFILL, *whole], find)
    assert "was killed and is marked as failed" in plan
    assert f"failed      9 day(s): {DAYS[0]} to {DAYS[-1]}" in plan
    assert code == 0
    assert backfills.is_exact()
    assert "Nothing is missing" in remaining


def test_commands_with_a_failed_run_exit_with_1_and_name_the_day(backfills: Backfills) -> None:
    backfills.erp.order(999, f"{DAYS[0]} 12:00+00", items=[(1, "-5.00", None)])
    config = {"first_day": DAYS[0], "last_day": DAYS[0], "launch": True}
    (backfills.checkout / "repair.yaml").write_text(json.dumps({"ops": {"repair": {"config": config}}}))
    job = ["dagster", "job", "execute", "-m", "sales_assets.definitions", "-j", "repair_job"]
    results = backfills.run(
        [*BACKFILL, DAYS[0], DAYS[0]],
        [*REPAIR, "--from", DAYS[0], "--to", DAYS[0], "--run"],
        [*job, "-c", "repair.yaml"],
    )
    for code, output in results:
        assert code == 1
        assert "1 of 1 run(s) failed" in output
        assert f"silver_enriched_orders for {DAYS[0]}: Negative amounts found" in output, output


@pytest.mark.exhaustive
def test_two_backfills_of_overlapping_ranges_at_once_store_each_day_once(backfills: Backfills) -> None:
    both = [backfills.start(DAYS[0], DAYS[5]), backfills.start(DAYS[3], DAYS[-1])]
    ended = [process.wait() for process in both]
    assert [code for code, _ in ended] == [0, 0], ended
    assert backfills.is_exact()


def materialize_orders(erp: Erp, database: Path, **options: Any) -> dg.ExecuteInProcessResult:
    resources = {
        "postgres_erp": erp.resource,
        "io_manager": DuckDBWarehouseIOManager(database=str(database)),
    }
    return dg.materialize([raw_orders], resources=resources, raise_on_error=False, **options)


def read_ids(database: Path) -> list[int]:
    found = DuckDBWarehouse(database=str(database)).query("select order_id from raw.raw_orders order by 1")
    return list(found["order_id"])


@pytest.mark.parametrize(("failures", "expected"), [(1, [1, 2, 3]), (2, [1])])
def test_an_erp_that_disconnects_within_a_range_is_queried_again_and_nothing_is_half_stored(
    erp: Erp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int, expected: list[int]
) -> None:
    database = tmp_path / "sales.duckdb"
    erp.order(1, "2025-01-14 10:00+00")
    assert materialize_orders(erp, database, partition_key="2025-01-14").success
    for number, day in enumerate(["2025-01-15", "2025-01-16"], start=2):
        erp.order(number, f"{day} 10:00+00")
    monkeypatch.setattr(postgres, "FETCHED_ROWS", 1)
    fetched, remaining = postgres._fetch_batches, [failures]

    def disconnecting(*query: Any) -> Iterator[Any]:
        for rows in fetched(*query):
            yield rows
            if remaining[0]:
                remaining[0] -= 1
                erp.run(
                    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sales_reader'"
                )

    monkeypatch.setattr(postgres, "_fetch_batches", disconnecting)
    result = materialize_orders(erp, database, tags=range_tags("2025-01-14", "2025-01-16"))
    assert result.success == (expected == [1, 2, 3])
    assert read_ids(database) == expected


@pytest.mark.exhaustive
def test_a_day_with_a_quarter_of_a_million_orders_is_stored_like_any_other(erp: Erp, tmp_path: Path) -> None:
    erp.run(
        "insert into orders select n, n % 1000, timestamptz '2025-01-15' + n * interval '300 milliseconds', "
        "now(), 'completed' from generate_series(1, 250000) as n",
        "insert into order_items select n, n, 1, 0.01 * (n % 1000), null "
        "from generate_series(1, 250000) as n",
        "analyze orders, order_items",
    )
    database = tmp_path / "sales.duckdb"
    assert materialize_orders(erp, database, partition_key="2025-01-15").success
    [stored] = (
        DuckDBWarehouse(database=str(database))
        .query(
            "select count(*) as n, sum(total_amount)::decimal(38, 4)::varchar as total from raw.raw_orders"
        )
        .itertuples(index=False)
    )
    assert tuple(stored) == erp.totals("2025-01-15") == (250_000, "1248750.0000")
