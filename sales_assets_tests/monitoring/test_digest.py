"""The morning's digest: its figures are gold's, on both engines, and it is told once for each day."""

import base64
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from sales_assets.catalog.names import DAILY_SALES_KEY, FCT_ORDERS_KEY
from sales_assets.definitions import defs
from sales_assets.monitoring.alerts.alert import Alert, Kind
from sales_assets.monitoring.alerts.channels import AlertsResource
from sales_assets.monitoring.alerts.ledger import Ledger, Problem
from sales_assets.monitoring.alerts.pictures import find_plot
from sales_assets.monitoring.alerts.tell import find_news
from sales_assets.monitoring.alerts.telling import Telling
from sales_assets.monitoring.digest.text import MOST_ANOMALIES, describe_anomalies, describe_problems
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.receiver import running_receiver
from sales_assets_tests.support.warehouses import WarehouseUnderTest, fake_snowflake, temporary_duckdb

pytestmark = pytest.mark.usefixtures("files_stay_open")

DAY, EARLIER, WEEK_BEFORE = "2025-03-09", "2025-01-15", "2025-03-02"

SALES = pd.DataFrame(
    [
        (DAY, "erp", "EUR", 1_250, 3_000.5),
        (WEEK_BEFORE, "erp", "EUR", 1_000, 2_000.0),
        ("2025-03-08", "erp", "EUR", 7, 7.0),
        (WEEK_BEFORE, "bazaar", "CHF", 3, 30.0),
    ],
    columns=["order_date", "channel", "currency", "order_count", "total_amount"],
)
ANOMALIES = pd.DataFrame(
    [
        (DAY, "erp", "consumer", "high", 7.0, "Revenue is high."),
        (DAY, "bazaar", "all", "low", -9.0, "Revenue is low."),
        (DAY, "erp", "smb", "normal", 1.0, "Revenue is usual."),
        (EARLIER, "erp", "smb", "low", -9.0, "Revenue was low."),
    ],
    columns=["order_date", "channel", "segment", "verdict", "score", "reason"],
)


REJECTED = pd.DataFrame(
    {
        "order_date": pd.to_datetime([f"{DAY} 00:00", f"{DAY} 10:00", f"{DAY} 23:59", f"{EARLIER} 10:00"]),
        "rule": ["negative_amount", "duplicate_order", "negative_amount", "negative_amount"],
    }
)


def store(warehouse: WarehouseUnderTest, name: str, frame: pd.DataFrame, schema: str = "gold") -> None:
    has_days = isinstance(frame["order_date"][0], str)
    rows = frame.assign(order_date=frame["order_date"].map(date.fromisoformat)) if has_days else frame

    @dg.asset(name=name, key_prefix=schema, metadata={"schema": schema})
    def mart() -> pd.DataFrame:
        return rows

    warehouse.materialize(mart)


@pytest.mark.slow
@pytest.mark.parametrize("engine", [temporary_duckdb, fake_snowflake])
def test_the_digest_has_golds_figures_and_is_told_once_for_each_day(
    engine: Callable[[Path], AbstractContextManager[WarehouseUnderTest]],
    instance: dg.DagsterInstance,
    tmp_path: Path,
) -> None:
    ended = datetime(2025, 3, 10, 3, tzinfo=UTC).timestamp()
    telling, ledger = Telling(instance, defs.get_repository_def(), settings_with()), Ledger(since=0)
    ledger.problems = [
        Problem(kind="run", subject="raw_orders", first=EARLIER, last=EARLIER),
        Problem(kind="yesterday", subject="", state=DAY),
    ]
    instance.report_runless_asset_event(dg.AssetMaterialization(FCT_ORDERS_KEY, partition=EARLIER))
    with engine(tmp_path) as warehouse:

        def run(day: str) -> list[Any]:
            defs.resolve_job_def("digest_job").execute_in_process(
                instance=instance,
                resources={"warehouse": warehouse.reader},
                run_config={"ops": {"write_digest": {"config": {"day": day}}}},
            )
            return [alert for alert in find_news(telling, ledger, ended) if alert.kind is Kind.DIGEST]

        store(warehouse, "dim_dates", SALES)
        [first] = run("2025-03-08")
        assert first.lines[0] == "Gold has no tables yet."
        store(warehouse, "daily_sales", SALES)
        store(warehouse, "sales_anomalies", ANOMALIES)
        store(warehouse, "rejected_orders", REJECTED, schema="raw")
        [digest] = run(DAY)
        assert digest.title == f"Sales of {DAY}."
        assert digest.lines == (
            "bazaar: no sales; a week before 3 orders, 30.00 CHF.",
            "erp: 1,250 orders, 3,000.50 EUR; a week before 1,000 orders, 2,000.00 EUR (+50.0%).",
            "Unusual: bazaar, all. Revenue is low.",
            "Unusual: erp, consumer. Revenue is high.",
            "Rejected orders: 1 duplicate_order, 2 negative_amount.",
            f"Stored again, after changes in the ERP or by repair or backfill: {EARLIER}.",
            f"Failed: raw_orders {EARLIER}.",
            f"Late or not complete: {DAY}.",
        )
        assert run(DAY) == run("2025-03-08") == []


def test_the_digest_stays_short_and_says_when_nothing_is_wrong() -> None:
    many = pd.DataFrame(
        {"channel": "erp", "segment": "smb", "reason": "Low."}, index=range(MOST_ANOMALIES + 2)
    )
    assert describe_anomalies(many)[-1] == "Unusual: 2 more, in gold.sales_anomalies."
    assert len(describe_anomalies(many)) == MOST_ANOMALIES + 1
    assert describe_problems([]) == ["Nothing is failed, late or missing."]
    [line] = describe_problems(("Failed", f"asset {number % 10}") for number in range(20))
    assert line.endswith("asset 7, 2 more.")


def test_the_digest_carries_the_plot_of_daily_sales_to_services_that_take_pictures(
    instance: dg.DagsterInstance,
) -> None:
    assert find_plot(instance, DAILY_SALES_KEY) == ""
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    plot = f"![daily_sales](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"
    built = dg.AssetMaterialization(DAILY_SALES_KEY, metadata={"plot": dg.MetadataValue.md(plot)})
    instance.report_runless_asset_event(built)
    digest = Alert(kind=Kind.DIGEST, title="Sales.", picture=find_plot(instance, DAILY_SALES_KEY))
    with running_receiver() as receiver:
        alerts = AlertsResource(urls=receiver.url)
        [channel] = alerts.list_channels()
        assert alerts.send(channel, digest) == ""
        assert alerts.send(channel, digest.model_copy(update={"picture": ""})) == ""
    with_plot, without = receiver.accepted
    [attachment] = with_plot["attachments"]
    assert base64.b64decode(attachment["base64"]).startswith(b"\x89PNG")
    assert without["attachments"] == []
