"""Which test runs on which of pytest-xdist's workers: the next free one, unless tests share a set-up.

Only files whose module-wide fixture takes many seconds are kept together, and those that start processes: the
server that these are forked from takes as long to start.
"""

from xdist.scheduler import LoadScopeScheduling

_TOGETHER = {
    "sales_assets_tests/journeys/test_whole_graph.py": "laptop",
    "sales_assets_tests/journeys/test_pipeline.py": "pipeline",
    "sales_assets_tests/journeys/test_production.py": "production",
    "sales_assets_tests/journeys/test_kubernetes.py": "kubernetes",
    "sales_assets_tests/journeys/test_browser.py": "browser",
    "sales_assets_tests/ml/test_customer_churn_scores.py": "churn",
    "sales_assets_tests/ml/test_forecast_gate.py": "gate",
    "sales_assets_tests/ml/test_forecast_model.py": "forecast",
    "sales_assets_tests/operations/test_reconciliation.py": "reconciliation",
    "sales_assets_tests/operations/test_retention.py": "retention",
    "sales_assets_tests/house/test_forked_runs.py": "processes",
    "sales_assets_tests/house/test_private_files.py": "processes",
    "sales_assets_tests/house/test_retries.py": "processes",
    "sales_assets_tests/journeys/test_add_an_asset.py": "processes",
    "sales_assets_tests/journeys/test_backfills.py": "processes",
    "sales_assets_tests/journeys/test_commands.py": "processes",
    "sales_assets_tests/journeys/test_try_it.py": "tour",
    "sales_assets_tests/operations/test_doctor_command.py": "processes",
    "sales_assets_tests/sources/test_airbyte_snapshot.py": "processes",
    "sales_assets_tests/sources/test_airbyte_sync.py": "processes",
    "sales_assets_tests/journeys/test_termination.py": "kills",
    "sales_assets_tests/warehouse/test_lake_kills.py": "kills",
    "sales_assets_tests/warehouse/test_warehouse_faults.py": "kills",
}


class SharedSetUpScheduling(LoadScopeScheduling):
    """Sends tests one by one, and those that share an expensive set-up to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return _TOGETHER.get(nodeid.partition("::")[0], nodeid)


def is_together(nodeid: str) -> bool:
    """Whether a test has to run on the worker of others."""
    return nodeid.partition("::")[0] in _TOGETHER
