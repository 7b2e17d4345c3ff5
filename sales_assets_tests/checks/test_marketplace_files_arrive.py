"""The check `marketplace_files_arrive`, which runs every morning."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import dagster as dg
import pytest

from sales_assets.catalog.names import RAW_MARKETPLACE_ORDERS_KEY
from sales_assets.checks import marketplace_files_arrive


@pytest.mark.parametrize(("days", "passed"), [(2, True), (4, False)])
def test_more_than_three_days_without_a_file_are_a_warning(days: int, passed: bool) -> None:
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("marketplace_files", ["orders.csv"])
    when = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    with patch("time.time", return_value=when):
        instance.report_runless_asset_event(
            dg.AssetMaterialization(RAW_MARKETPLACE_ORDERS_KEY, partition="orders.csv")
        )
    job = dg.Definitions(asset_checks=[marketplace_files_arrive]).resolve_implicit_global_asset_job_def()
    [evaluation] = job.execute_in_process(instance=instance).get_asset_check_evaluations()
    assert evaluation.passed == passed
    assert evaluation.severity == dg.AssetCheckSeverity.WARN
