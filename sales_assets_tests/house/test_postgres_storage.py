"""Production's records in PostgreSQL: what the event log stores in batches, and on which connections."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import dagster as dg
import psycopg2
import pytest
from dagster_postgres import PostgresEventLogStorage

from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.recorded_range import materialize_range

OURS = ("sales_assets.private_apis.postgres_storage", "LastingPostgresStorage")
DAGSTERS = ("dagster_postgres", "DagsterPostgresStorage")
DAYS = dg.AssetKey("days")
CHECK = dg.AssetCheckKey(DAYS, "are_fine")


def open_instance(storage: tuple[str, str], erp: Erp, folder: Path) -> Any:
    database = f"dagster_{uuid4().hex[:8]}"
    erp.run(f"create database {database}")
    url = erp.admin_url.replace("/postgres?", f"/{database}?")
    config = {"module": storage[0], "class": storage[1], "config": {"postgres_url": url}}
    folder.mkdir()
    return dg.instance_for_test(temp_dir=str(folder), overrides={"storage": {"custom": config}})


@pytest.fixture
def instance(postgres: Erp, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with open_instance(OURS, postgres, tmp_path / "ours") as instance:
        yield instance


def record_range(instance: dg.DagsterInstance) -> dict[str, Any]:
    """Materialize three days in one run; returns all that is recorded of it."""
    run_id = materialize_range(instance, "2025-01-03")
    [entry] = instance.get_asset_records([DAYS])
    checks = instance.event_log_storage.get_asset_check_execution_history(CHECK, limit=9)
    return {
        "days": [record.partition_key for record in instance.fetch_materializations(DAYS, limit=9).records],
        "tags": [sorted(tags) for tags in instance.event_log_storage.get_event_tags_for_asset(DAYS)],
        "entry": entry.asset_entry.last_run_id == run_id,
        "planned": instance.get_latest_planned_materialization_info(DAYS, "2025-01-03") is not None,
        "evaluated": [each.status.value for each in checks if each.status.value != "PLANNED"],
        "run": [
            each.get_dagster_event().event_type_value
            for each in instance.all_logs(run_id)
            if each.is_dagster_event
        ],
    }


def _record_and_count(postgres: Erp, folder: Path) -> tuple[set[str], list[str], dict[str, Any]]:
    """Record the range in our storage.

    Returns:
        The types of the events that were stored one by one, the tables that were asked for, and the records.
    """
    with (
        _counting("store_event") as one_by_one,
        _counting("has_table") as asked,
        open_instance(OURS, postgres, folder) as instance,
    ):
        recorded = record_range(instance)
    types = {str(call.args[1].dagster_event_type) for call in one_by_one.call_args_list}
    return types, [call.args[1] for call in asked.call_args_list], recorded


def _counting(method: str) -> Any:
    original = getattr(PostgresEventLogStorage, method)
    return patch.object(PostgresEventLogStorage, method, autospec=True, side_effect=original)


@pytest.mark.slow
def test_the_event_log_records_what_dagsters_own_records_and_what_is_planned_together(
    postgres: Erp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_EVENT_BATCH_SIZE")
    one_by_one, asked, ours = _record_and_count(postgres, tmp_path / "ours")
    assert len(asked) == len(set(asked)) > 0
    assert not [each for each in one_by_one if "PLANNED" in each or "MATERIALIZATION" in each]
    with open_instance(DAGSTERS, postgres, tmp_path / "dagsters") as own:
        assert ours == record_range(own)
    assert ours["days"] == ["2025-01-03", "2025-01-02", "2025-01-01"]


@pytest.mark.slow
def test_events_are_stored_on_one_connection_which_is_replaced_when_it_broke(
    instance: dg.DagsterInstance, postgres: Erp
) -> None:
    connect, opened = psycopg2.connect, []

    def counting(*arguments: Any, **options: Any) -> Any:
        opened.append(connect(*arguments, **options))
        return opened[-1]

    store = instance.report_runless_asset_event
    store(dg.AssetMaterialization("warm_up"))
    with patch.object(psycopg2, "connect", counting):
        for number in range(5):
            store(dg.AssetMaterialization(DAYS, partition=f"2025-01-0{number + 1}"))
        assert len(opened) == 0
        database = instance.event_log_storage._engine.url.database  # type: ignore[attr-defined]
        postgres.run(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'")
        store(dg.AssetMaterialization(DAYS, partition="2025-01-06"))
    assert len(instance.get_materialized_partitions(DAYS)) == 6
