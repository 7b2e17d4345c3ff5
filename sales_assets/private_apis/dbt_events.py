"""Private names of dagster-dbt: which models a run selects, and dbt's log entries as Dagster events."""

from dagster_dbt.asset_utils import get_subset_selection_for_context
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

__all__ = ["DbtCoreCliEventMessage", "get_subset_selection_for_context"]
