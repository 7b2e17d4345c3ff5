"""The asset `sales_dashboard`: what it reads of gold and of Dagster's records, and what stays if it fails."""

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from sales_assets.assets import sales_dashboard
from sales_assets.catalog.names import (
    DAILY_SALES_KEY,
    FCT_ORDERS_KEY,
    LAST_COMPARED_DAY,
    RECONCILIATION_CHECK,
    SALES_DASHBOARD_KEY,
)
from sales_assets.catalog.partitions import DAILY
from sales_assets.definitions import defs
from sales_assets.operations.reporting.trust_records import read_trust
from sales_assets.reports.dashboard.page import PAGE_NAME
from sales_assets.warehouse.engine import WarehouseReader
from sales_assets.warehouse.file_stores import FileStores
from sales_assets_tests.support.s3 import S3
from sales_assets_tests.support.warehouses import WarehouseUnderTest, fake_snowflake, temporary_duckdb

pytestmark = pytest.mark.slow  # each draws all plots

DAY, BEFORE = pd.Timestamp("2026-11-27").date(), pd.Timestamp("2026-11-26").date()
ORDERS = pd.DataFrame(
    [
        (1, DAY, 10.25, "consumer", "Roma"),
        (2, DAY, 0.1, None, None),
        (3, BEFORE, 7.0001, "consumer", "Wien"),
        (4, pd.Timestamp("2020-01-01").date(), 99.0, "consumer", "Wien"),
    ],
    columns=["order_id", "order_date", "total_amount", "segment", "city"],
)
DAILY_SALES = pd.DataFrame(
    [(DAY, "erp", "EUR", 2, 10.35), (BEFORE, "erp", "EUR", 1, 7.0001), (DAY, "bazaar", "GBP", 5, 50.5)],
    columns=["order_date", "channel", "currency", "order_count", "total_amount"],
)


def store(warehouse: WarehouseUnderTest, name: str, rows: pd.DataFrame) -> None:
    @dg.asset(name=name, key_prefix="gold", metadata={"schema": "gold"})
    def mart() -> pd.DataFrame:
        return rows

    warehouse.materialize(mart)


def make(warehouse: Any, root: str) -> dg.ExecuteInProcessResult:
    resources = {"warehouse": warehouse, "file_stores": FileStores(reports=root, exports=root)}
    return dg.materialize([sales_dashboard], resources=resources, raise_on_error=False)


def pack(key: str, orders: list[int], revenue: list[float]) -> dict[str, Any]:
    names = dict(zip(("channel", "currency", "segment", "city"), key.split(), strict=True))
    return {**names, "orders": orders, "revenue": revenue}


def data_of(page: bytes) -> Any:
    found = re.search(rb'id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


@pytest.mark.parametrize(
    "engine", [temporary_duckdb, pytest.param(fake_snowflake, marks=pytest.mark.exhaustive)]
)
def test_the_page_has_golds_numbers_on_both_engines_and_is_made_before_any_mart_is(
    engine: Callable[[Path], AbstractContextManager[WarehouseUnderTest]], tmp_path: Path
) -> None:
    page = tmp_path / PAGE_NAME
    with engine(tmp_path) as warehouse:
        store(warehouse, "something", ORDERS)
        assert make(warehouse.reader, str(tmp_path)).success
        assert b"Gold has no sales yet" in page.read_bytes()
        store(warehouse, "daily_sales", DAILY_SALES)
        store(warehouse, "fct_orders", ORDERS)
        assert make(warehouse.reader, str(tmp_path)).success
    assert data_of(page.read_bytes())["sales"] == {
        "first": "2026-11-26",
        "days": 2,
        "series": [
            pack("bazaar GBP marketplaces marketplaces", [0, 5], [0, 50.5]),
            pack("erp EUR consumer Roma", [0, 1], [0, 10.25]),
            pack("erp EUR consumer Wien", [1, 0], [7.0001, 0]),
            pack("erp EUR unknown unknown", [0, 1], [0, 0.1]),
        ],
    }


class BrokenWarehouse:
    """A warehouse that cannot be read."""

    def connect(self) -> AbstractContextManager[WarehouseReader]:
        """Fail."""
        message = "The warehouse is away."
        raise OSError(message)


def test_a_page_that_cannot_be_made_leaves_the_one_before(tmp_path: Path) -> None:
    (tmp_path / PAGE_NAME).write_text("the page before")
    assert not make(BrokenWarehouse(), str(tmp_path)).success
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(PAGE_NAME, "the page before")]


def test_in_s3_the_page_has_its_type_and_is_asked_for_again(
    s3: S3, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in s3.variables.items():
        monkeypatch.setenv(name, value)
    with temporary_duckdb(tmp_path) as warehouse:
        store(warehouse, "something", ORDERS)
        result = make(warehouse.reader, f"s3://{s3.bucket}/sales")
    [made] = result.asset_materializations_for_node("sales_dashboard")
    assert made.metadata["page"].value == f"s3://{s3.bucket}/sales/{PAGE_NAME}"
    head = s3.client.head_object(Bucket=s3.bucket, Key=f"sales/{PAGE_NAME}")
    assert (head["ContentType"], head["CacheControl"]) == ("text/html; charset=utf-8", "no-cache")


def report_comparison(instance: dg.DagsterInstance, last: str, differing: list[str]) -> None:
    metadata = {
        "differing_days": dg.MetadataValue.json(differing),
        LAST_COMPARED_DAY: dg.MetadataValue.text(last),
    }
    key = RECONCILIATION_CHECK
    event = dg.AssetCheckEvaluation(key.asset_key, key.name, passed=not differing, metadata=metadata)
    instance.report_runless_asset_event(event)


def test_trust_is_what_dagster_recorded_of_the_last_days(instance: dg.DagsterInstance) -> None:
    days = DAILY.get_partition_keys()[-5:]
    nothing = read_trust(instance, days)
    assert (nothing.complete_until, nothing.missing, nothing.reconciled_until) == ("", days, "")
    assert (nothing.built_at, nothing.failing) == (None, [])
    for day in [*days[:2], days[3]]:
        instance.report_runless_asset_event(dg.AssetMaterialization(FCT_ORDERS_KEY, partition=day))
    instance.report_runless_asset_event(dg.AssetMaterialization(DAILY_SALES_KEY))
    report_comparison(instance, days[4], [days[3]])
    trust = read_trust(instance, days)
    assert (trust.last_day, trust.complete_until, trust.missing) == (days[4], days[1], [days[2], days[4]])
    assert (trust.reconciled_until, trust.differing) == (days[2], [days[3]])
    assert trust.failing == ["gold/fct_orders: agrees_with_the_erp"]
    assert trust.built_at is not None
    assert (datetime.now(UTC) - trust.built_at).total_seconds() < 3600
    report_comparison(instance, days[4], [])
    assert read_trust(instance, days).failing == []
    assert read_trust(instance, days).reconciled_until == days[4]


def test_the_page_is_asked_for_once_after_gold_was_built_and_not_before(instance: dg.DagsterInstance) -> None:
    def evaluate(cursor: Any) -> Any:
        selection = dg.AssetSelection.assets(SALES_DASHBOARD_KEY)
        return dg.evaluate_automation_conditions(defs, instance, selection, cursor=cursor)

    node = defs.get_repository_def().asset_graph.get(SALES_DASHBOARD_KEY)
    for parent in sorted(node.parent_keys - {FCT_ORDERS_KEY}):
        instance.report_runless_asset_event(dg.AssetMaterialization(parent))
    days = DAILY.get_partition_keys()
    result = evaluate(None)
    for day in days[-3:]:
        instance.report_runless_asset_event(dg.AssetMaterialization(FCT_ORDERS_KEY, partition=day))
    instance.report_runless_asset_event(dg.AssetMaterialization(DAILY_SALES_KEY))
    result = evaluate(result.cursor)
    assert result.total_requested == 1
    instance.report_runless_asset_event(dg.AssetMaterialization(SALES_DASHBOARD_KEY))
    assert evaluate(result.cursor).total_requested == 0
