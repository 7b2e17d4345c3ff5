"""What a person does in the Dagster UI of `make dev`, with a real browser: read, launch, look, terminate."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from adbc_driver_postgresql import dbapi

from sales_assets_tests.support.browser import Catalog, opened_catalog, why_no_browser
from sales_assets_tests.support.dagster_dev import running_dagster_dev
from sales_assets_tests.support.data_dir import copy_manifests, copy_project
from sales_assets_tests.support.dbt_variables import MODELS_ALONE
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.fixtures import stop_servers

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

if missing := why_no_browser():
    pytest.skip(missing, allow_module_level=True)

TODAY = datetime.now(UTC).date()
DAYS = [str(TODAY - timedelta(days=ago)) for ago in (6, 5, 4, 3)]
"""Days that `agrees_with_the_erp` compares when a person executes it."""
SPOILT_DAY = "2025-01-20"
LOCKED_DAY = "2025-01-30"


@pytest.fixture(scope="module")
def catalog(postgres: Erp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    """One `dagster dev` and one browser for all: they take half a minute to start."""
    postgres.clear()
    for number, day in enumerate(DAYS):
        postgres.order(number, f"{day} 10:00+00", items=[(1, "12.34", None)])
    checkout = copy_project(tmp_path_factory.mktemp("browser"))
    copy_manifests(checkout / ".data")
    with (
        running_dagster_dev(checkout, {"ERP_POSTGRES_URL": postgres.url, **MODELS_ALONE}) as url,
        opened_catalog(url) as catalog,
    ):
        yield catalog
    stop_servers(checkout / ".data")


def test_the_graph_leads_to_the_page_of_an_asset(catalog: Catalog) -> None:
    catalog.open("")
    catalog.click("link", "Lineage")
    for group in ("airbyte", "gold", "ingestion", "silver"):
        catalog.see(group)
    search = catalog.page.get_by_placeholder("Jump to")
    search.fill("raw_orders")
    search.press("Enter")
    catalog.click("link", "View in Asset Catalog")
    catalog.see("The order's id in the ERP; one row per order.")
    catalog.see("Orders placed on the day that count as sales")


def test_four_days_are_launched_by_clicking_and_green_until_the_erp_changes_by_a_cent(
    catalog: Catalog, postgres: Erp
) -> None:
    catalog.open("locations/sales_assets/jobs/daily_sales_pipeline/partitions")
    catalog.click("button", "Materialize")
    catalog.click("button", "Confirm")
    catalog.launch(f"[{DAYS[0]}...{DAYS[-1]}]")
    catalog.click("tab", "Runs")
    assert catalog.see_one_of("Success", "Failure") == "Success"
    catalog.open("assets/gold/fct_orders?view=partitions")
    catalog.see("Materialized (4)")

    catalog.open("assets/gold/fct_orders?view=checks&checkDetail=agrees_with_the_erp")
    assert catalog.see_one_of("Passed", "Failed") == "Passed"
    postgres.run("update order_items set unit_price = unit_price + 0.01 where order_id = 1")
    catalog.click("button", "Execute")
    catalog.see_one_of("Failed")
    catalog.page.get_by_text("[Show Markdown]").last.click()
    table = catalog.page.get_by_role("dialog").inner_text()
    for cell in (DAYS[1], "12.34", "12.35"):
        assert cell in table


def test_a_day_that_fails_is_red_and_says_why(catalog: Catalog, postgres: Erp) -> None:
    postgres.order(90, f"{SPOILT_DAY} 10:00+00")
    postgres.run("update orders set updated_at = 'infinity' where id = 90")
    catalog.open("assets/raw_orders?view=partitions")
    catalog.click("button", "Materialize")
    catalog.launch(SPOILT_DAY)
    assert catalog.see_one_of("Success", "Failure") == "Failure"
    catalog.see(f"raw_orders for {SPOILT_DAY}: Timestamps that are infinite")
    catalog.open(f"assets/raw_orders?view=partitions&partition={SPOILT_DAY}")
    catalog.see("Failed (1)")
    catalog.see("failed, and did not materialize this asset")


def test_a_run_that_waits_for_the_erp_is_terminated_by_clicking(catalog: Catalog, postgres: Erp) -> None:
    with closing(dbapi.connect(postgres.admin_url)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("lock table orders in access exclusive mode")
        catalog.open("assets/raw_orders?view=partitions")
        catalog.click("button", "Materialize")
        catalog.launch(LOCKED_DAY)
        catalog.see("Executing (1)")
        catalog.terminate()
        assert catalog.see_one_of("Canceled", "Success", "Failure") == "Canceled"
