"""A closed month is not restated without a person: held back, told with both numbers, approved, published."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pandas as pd
import pytest

from sales_assets.catalog.approvals import (
    APPROVED_ASSETS,
    Entry,
    State,
    find_held_back,
    read_entries,
    record_approval,
    record_entry,
)
from sales_assets.catalog.names import DAILY_JOB, FCT_ORDERS_KEY, MONTHLY_REVENUE_KEY, SILVER_ORDERS_KEY
from sales_assets.definitions import defs
from sales_assets.errors import RefusedError
from sales_assets.monitoring.alerts.approval_alerts import tell_of_approvals, was_only_held_back
from sales_assets.monitoring.alerts.ended_runs import read_run
from sales_assets.monitoring.alerts.ledger import Ledger
from sales_assets.monitoring.alerts.telling import Telling
from sales_assets.operations.approval.closed_months import hold_back_restatements, month_window
from sales_assets.private_apis.history import list_runless_events
from sales_assets.transforms.restatements import find_closed_months
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.pipeline import TO_ANOMALIES, Pipeline
from sales_assets_tests.support.results import failure
from sales_assets_tests.support.warehouses import WarehouseUnderTest, fake_snowflake, temporary_duckdb

MONTH, DAY = "2025-01", "2025-01-15"
CLOSING = {"closed_after_days": 5, "restatement_limit": Decimal("0.05")}


def store(warehouse: WarehouseUnderTest, schema: str, name: str, at: object, revenue: float) -> None:
    frame = pd.DataFrame({"order_date": [at], "total_amount": [revenue]})

    @dg.asset(name=name, key_prefix=schema, metadata={"schema": schema})
    def stored() -> pd.DataFrame:
        return frame

    warehouse.materialize(stored)


def report(instance: dg.DagsterInstance, asset: dg.AssetKey) -> None:
    for day in month_window(MONTH).days:
        instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=day))


@pytest.mark.slow
@pytest.mark.parametrize(
    "engine", [temporary_duckdb, pytest.param(fake_snowflake, marks=pytest.mark.exhaustive)]
)
def test_many_small_changes_are_measured_by_what_was_published_and_an_approval_by_what_was_approved(
    engine: Callable[[Path], AbstractContextManager[WarehouseUnderTest]],
    instance: dg.DagsterInstance,
    tmp_path: Path,
) -> None:
    settings = settings_with(**CLOSING)
    telling, ledger = Telling(instance, defs.get_repository_def(), settings), Ledger(since=0)
    with engine(tmp_path) as warehouse:

        def change(revenue: float) -> list[str]:
            store(warehouse, "silver", "silver_enriched_orders", pd.Timestamp(f"{DAY} 10:00"), revenue)
            held = hold_back_restatements([DAY], instance, warehouse.reader, settings)
            return [entry.reason for entry in held]

        def tell() -> list[str]:
            return [alert.title for alert in tell_of_approvals(ledger, telling, 0.0)]

        def publish(revenue: float) -> None:
            store(warehouse, "gold", "fct_orders", date.fromisoformat(DAY), revenue)

        publish(1_000.0)
        assert change(9_000.0) == []  # the month was never whole
        report(instance, FCT_ORDERS_KEY)
        report(instance, SILVER_ORDERS_KEY)
        assert change(1_030.0) == tell() == []
        publish(1_030.0)
        assert change(1_060.0) == [
            "2025-01 is closed and was published with a revenue of 1,000.00 EUR. It would become "
            "1,060.00 EUR (+6.00%, the limit is 5.00%)."
        ]
        assert tell() == ["The revenue of 2025-01 waits for approval."]
        assert len(change(1_060.0)) == 1
        assert tell() == []
        assert change(1_000.0) == []
        assert tell() == ["The revenue of 2025-01 no longer needs approval."]
        assert len(change(1_100.0)) == len(tell()) == 1
        with pytest.raises(
            RefusedError, match=r"'2025-02' does not wait for approval\. These wait: 2025-01\."
        ):
            record_approval(instance, MONTHLY_REVENUE_KEY, "2025-02", by="ada", why="Credit notes.")
        with pytest.raises(RefusedError, match="needs a name and a reason"):
            record_approval(instance, MONTHLY_REVENUE_KEY, MONTH, by="ada", why=" ")
        record_approval(instance, MONTHLY_REVENUE_KEY, MONTH, by="ada", why="Credit notes.")
        assert tell() == ["The revenue of 2025-01 was approved by ada."]
        assert change(1_100.0) == []
        assert "published with a revenue of 1,100.00 EUR" in change(1_300.0)[0]
        assert Decimal(find_held_back(instance, MONTHLY_REVENUE_KEY)[MONTH].content) == 1_300
        with pytest.raises(RefusedError, match="Nothing waits"):
            record_approval(
                dg.DagsterInstance.ephemeral(), MONTHLY_REVENUE_KEY, MONTH, by="ada", why="Credit notes."
            )


def test_retention_keeps_what_was_published_and_approved(instance: dg.DagsterInstance) -> None:
    for content in ("10", "11"):
        entry = Entry(MONTH, State.PUBLISHED, content, "It was closed.")
        record_entry(instance, MONTHLY_REVENUE_KEY, entry)
    later = datetime.now(UTC) + timedelta(days=1)
    assert len(list_runless_events(instance, later, observed=[FCT_ORDERS_KEY])) == 1
    assert list_runless_events(instance, later, observed=APPROVED_ASSETS) == {}


@pytest.mark.parametrize(
    ("today", "closed"), [("2025-02-05", []), ("2025-02-06", [MONTH]), ("2025-03-06", [MONTH, "2025-02"])]
)
def test_a_month_is_closed_some_days_after_its_end(today: str, closed: list[str]) -> None:
    days = ["2025-02-01", "2025-01-31", DAY]
    assert find_closed_months(days, date.fromisoformat(today), after_days=5) == closed


@pytest.mark.slow
@pytest.mark.usefixtures("models_alone")
def test_a_restatement_reaches_gold_only_after_its_approval_however_it_is_run(
    erp: Erp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_POSTGRES_URL", erp.url)
    erp.order(1, f"{DAY} 10:00+00")
    settings = settings_with(duckdb_path=tmp_path / "sales.duckdb", has_erp_url=True, **CLOSING)
    pipeline, days = Pipeline(erp, settings, TO_ANOMALIES), month_window(MONTH).days
    tags = {"dagster/asset_partition_range_start": days[0], "dagster/asset_partition_range_end": days[-1]}
    assert pipeline.run(tags=tags).success
    erp.order(2, f"{DAY} 11:00+00")
    held = pipeline.run(partition_key=DAY)
    assert not held.success
    [record] = pipeline.instance.get_run_records(dg.RunsFilter(run_ids=[held.run_id]))
    assert was_only_held_back(read_run(pipeline.instance, record))
    only_gold = [dg.AssetKey(["staging", "stg_orders"]), FCT_ORDERS_KEY]
    refused = pipeline.run(partition_key=DAY, asset_selection=only_gold)
    assert "published with a revenue of 10.00 EUR. It would become 20.00 EUR" in failure(refused)
    assert pipeline.totals(DAY)["gold.fct_orders"] == (1, "10.0000")
    config = {"ops": {"approve": {"config": {"what": MONTH, "by": "ada", "why": "A late order."}}}}
    # A job that is executed in process is not told its repository, other than by a daemon or a command.
    repository = SimpleNamespace(get_job={DAILY_JOB: pipeline.job}.__getitem__)
    monkeypatch.setattr(dg.OpExecutionContext, "repository_def", property(lambda _: repository))
    approval = pipeline.definitions.resolve_job_def("approve_job")
    assert approval.execute_in_process(instance=pipeline.instance, run_config=config).success
    assert pipeline.totals(DAY)["gold.daily_sales"] == (2, "20.0000")
    [latest, *_] = read_entries(pipeline.instance, MONTHLY_REVENUE_KEY)[MONTH]
    assert (latest.state, latest.by, latest.reason) == (State.APPROVED, "ada", "A late order.")
