"""Of dagster-dbt: which models a run selects, and how dbt's log entries become Dagster's events."""

from dagster_dbt.asset_utils import get_subset_selection_for_context
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

__all__ = ["DbtCoreCliEventMessage", "get_subset_selection_for_context"]
