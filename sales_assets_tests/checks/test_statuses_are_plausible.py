"""The check `statuses_are_plausible`, on real orders that are loaded and checked in one run."""

from typing import Any

import dagster as dg
import pytest

from sales_assets.assets import raw_orders
from sales_assets.checks import statuses_are_plausible
from sales_assets.settings import Settings
from sales_assets.warehouse.duckdb import DuckDBWarehouseIOManager
from sales_assets_tests.support.erp import Erp

RANGE = {
    "dagster/asset_partition_range_start": "2025-01-14",
    "dagster/asset_partition_range_end": "2025-01-16",
}


class Loading:
    """Loads orders and checks their statuses."""

    def __init__(self, erp: Erp, instance: dg.DagsterInstance, settings: Settings):
        self.erp = erp
        self.io_manager = DuckDBWarehouseIOManager(database=str(settings.duckdb_path))
        self.instance = instance

    def load(self, **options: Any) -> dg.ExecuteInProcessResult:
        """Load three days, unless a partition key is given, and check them."""
        job = dg.Definitions(
            [raw_orders],
            asset_checks=[statuses_are_plausible],
            resources={"postgres_erp": self.erp.resource, "io_manager": self.io_manager},
        ).resolve_implicit_global_asset_job_def()
        return job.execute_in_process(instance=self.instance, **(options or {"tags": RANGE}))

    def check(self, **options: Any) -> dg.AssetCheckEvaluation:
        """The evaluation of a load, which succeeds whatever the check finds."""
        result = self.load(**options)
        assert result.success
        [evaluation] = result.get_asset_check_evaluations()
        return evaluation


@pytest.fixture
def loading(erp: Erp, instance: dg.DagsterInstance, settings: Settings) -> Loading:
    for id_ in range(60):
        erp.order(id_, f"2025-01-{14 + id_ % 3} 10:00+00", status="pending" if id_ < 6 else "completed")
    return Loading(erp, instance, settings)


def test_days_with_sales_and_few_unknown_statuses_pass(loading: Loading) -> None:
    loading.erp.run("update orders set status = 'odd' where id in (10, 11)")
    evaluation = loading.check()
    assert evaluation.passed
    assert evaluation.metadata["days"].value == 3


@pytest.mark.slow
def test_a_day_whose_sales_have_a_renamed_status_fails_by_name(loading: Loading) -> None:
    loading.erp.run("update orders set status = 'complete' where status = 'completed' and id % 3 = 1")
    evaluation = loading.check()
    assert not evaluation.passed
    assert evaluation.severity == dg.AssetCheckSeverity.ERROR
    assert "1 day(s) have orders and no sale: 2025-01-15. " in str(evaluation.description)
    assert "the unknown status 'complete' on 2025-01-15." in str(evaluation.description)
    assert loading.check(partition_key="2025-01-14").passed
    loading.erp.run("update orders set status = 'completed' where status = 'complete'")
    assert loading.check(partition_key="2025-01-15").passed


def test_a_status_that_is_unknown_of_more_than_a_twentieth_of_a_days_orders_is_a_warning(
    loading: Loading,
) -> None:
    loading.erp.run("update orders set status = 'complete' where id in (11, 14)")
    evaluation = loading.check()
    assert not evaluation.passed
    assert evaluation.severity == dg.AssetCheckSeverity.WARN
    assert "More than 5% of the orders have the unknown status 'complete' on 2025-01-16." in str(
        evaluation.description
    )


def test_a_day_without_orders_is_not_a_day_without_sales(loading: Loading) -> None:
    loading.erp.run("delete from orders where id % 3 = 1")
    evaluation = loading.check()
    assert evaluation.passed
    assert evaluation.metadata["days"].value == 2


def test_a_check_without_days_reads_the_look_back_and_never_the_erp(loading: Loading) -> None:
    job = dg.Definitions(
        [raw_orders.to_source_asset()], asset_checks=[statuses_are_plausible]
    ).resolve_implicit_global_asset_job_def()
    [evaluation] = job.execute_in_process(instance=loading.instance).get_asset_check_evaluations()
    assert evaluation.passed
    assert evaluation.metadata["days"].value == 0
