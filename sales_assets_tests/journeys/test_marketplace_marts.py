"""From the bucket to gold: an S3 emulator over real HTTP, real dbt, PostgreSQL and DuckDB."""

import os
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import pytest

from sales_assets.definitions import build_definitions
from sales_assets.warehouse.duckdb import DuckDBWarehouse
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.dbt_variables import MODELS_ALONE
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.order_files import csv_file
from sales_assets_tests.support.pipeline import TO_ANOMALIES
from sales_assets_tests.support.s3 import S3

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("without_plots")]

DAY = "2025-01-15"
OF_THE_ERP = "erp_to_daily_sales"
"""A job with the part of the daily one that is about the ERP's orders."""


class Location:
    """The whole code location, configured as in a deployment."""

    def __init__(self, erp: Erp, s3: S3, folder: Path):
        settings = settings_with(
            duckdb_path=folder / "sales.duckdb", has_erp_url=True, has_s3_bucket=True, s3_prefix="in/"
        )
        part = dg.Definitions(jobs=[dg.define_asset_job(OF_THE_ERP, TO_ANOMALIES)])
        self.definitions = dg.Definitions.merge(build_definitions(settings), part)
        self.warehouse = DuckDBWarehouse(database=str(settings.duckdb_path))
        self.instance = dg.DagsterInstance.ephemeral()
        self.environment = {
            "ERP_POSTGRES_URL": erp.url,
            "SALES_S3_BUCKET": s3.bucket,
            "AWS_ENDPOINT_URL": s3.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-central-1",
        }

    def run(self, job: str, key: str | None = None) -> None:
        """Run a job, for a partition if one is given. The run and its checks must pass."""
        if job == "marketplace_orders_job":
            self.instance.add_dynamic_partitions("marketplace_files", [str(key)])
        with patch.dict(os.environ, self.environment):
            result = self.definitions.resolve_job_def(job).execute_in_process(
                instance=self.instance, partition_key=key
            )
        assert result.success
        assert [check.check_name for check in result.get_asset_check_evaluations() if not check.passed] == []

    def sales(self) -> dict[tuple[str, str, str], tuple[int, int, int, Decimal]]:
        """Return orders, customers, lines and total by day, channel and currency."""
        rows = self.warehouse.query(
            "select strftime(order_date, '%Y-%m-%d') as d, channel, currency, order_count, customer_count, "
            "line_count, total_amount::varchar as total from gold.daily_sales"
        ).to_dict("records")
        return {
            (row["d"], row["channel"], row["currency"]): (
                int(row["order_count"]),
                int(row["customer_count"]),
                int(row["line_count"]),
                Decimal(row["total"]),
            )
            for row in rows
        }


def line(order: str, **columns: Any) -> dict[str, Any]:
    return {"order_id": order, "order_date": f"{DAY}T23:59:59Z", **columns}


def test_gold_has_the_erp_and_the_marketplaces_by_channel_and_currency(
    erp: Erp, s3: S3, tmp_path: Path
) -> None:
    erp.order(1, f"{DAY} 12:00+00", items=[(3, "0.10", "0.3333"), (1, "99999.99", None)])
    location = Location(erp, s3, tmp_path)

    # No file was ever loaded: gold has only the ERP's orders.
    location.run(OF_THE_ERP, DAY)
    erp_key = (DAY, "erp", "EUR")
    erp_sales = location.sales()
    assert list(erp_sales) == [erp_key]
    count, total = erp.totals(DAY)
    assert (erp_sales[erp_key][0], str(erp_sales[erp_key][3])) == (count, total)

    s3.put(
        "bazaar.csv",
        csv_file(
            line("A", marketplace="Bazaar", qty="3", unit_price="0.1"),
            line("A", marketplace="bazaar", qty="1", unit_price="99999999999999.9999"),
            line("B", marketplace="bazaar ", qty="1", unit_price="0.0001", customer_email="ADA@example.com"),
            line("B", marketplace="bazaar", currency="gbp", customer_email=""),
        ),
    )
    s3.put("kiosk.csv", csv_file(line("A", marketplace="kiosk"), line("C", marketplace="kiosk", qty="0")))
    for file in ("in/bazaar.csv", "in/kiosk.csv"):
        location.run("marketplace_orders_job", file)
    location.run("marketplace_marts_job")
    with_marketplaces = {
        erp_key: erp_sales[erp_key],
        (DAY, "bazaar", "EUR"): (2, 1, 3, Decimal("100000000000000.3000")),
        (DAY, "bazaar", "GBP"): (1, 0, 1, Decimal("39.9800")),
        (DAY, "kiosk", "EUR"): (2, 1, 2, Decimal("39.9800")),
    }
    assert location.sales() == with_marketplaces

    location.environment |= MODELS_ALONE  # dbt's tests have passed by now
    # A rerun of a day of the ERP changes nothing for the marketplaces, and vice versa.
    location.run(OF_THE_ERP, DAY)
    assert location.sales() == with_marketplaces
    s3.put("kiosk.csv", csv_file(line("D", marketplace="kiosk", order_date="2025-01-16T00:00:00Z")))
    location.run("marketplace_orders_job", "in/kiosk.csv")
    location.run("marketplace_marts_job")
    del with_marketplaces[DAY, "kiosk", "EUR"]
    assert location.sales() == {
        **with_marketplaces,
        ("2025-01-16", "kiosk", "EUR"): (1, 1, 1, Decimal("39.9800")),
    }


@pytest.mark.usefixtures("models_alone")
def test_gold_has_only_marketplaces_before_the_erps_first_day_is_loaded(
    erp: Erp, s3: S3, tmp_path: Path
) -> None:
    location = Location(erp, s3, tmp_path)
    location.run("marketplace_marts_job")
    assert location.sales() == {}
    s3.put("kiosk.csv", csv_file(line("A", marketplace="kiosk")))
    location.run("marketplace_orders_job", "in/kiosk.csv")
    location.run("marketplace_marts_job")
    assert location.sales() == {(DAY, "kiosk", "EUR"): (1, 1, 1, Decimal("39.9800"))}
