"""What Dagster's storage keeps of checks that a run intends to evaluate: one row for each, whatever its days.

Dagster keeps one for each partition of the run, although no check here is evaluated by partition. The
evaluation then finds none of them, adds its own, and the others stay planned for ever: a third of a laptop's
history.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable


class OneRowForEachPlannedCheck(SqlEventLogStorage):
    """Goes before the class of a database's storage, which has everything else."""

    def _store_asset_check_evaluation_planned(self, event: dg.EventLogEntry, event_id: int | None) -> None:
        """Store the row that the evaluation will replace."""
        row = build_planned_check(event, event_id, self._event_to_row(event))
        with self.index_connection() as connection:
            connection.execute(AssetCheckExecutionsTable.insert().values(row))


def build_planned_check(
    event: dg.EventLogEntry, event_id: int | None, stored: Mapping[str, Any]
) -> dict[str, Any]:
    """Build the row of a check that a run intends to evaluate.

    Args:
        event: The event of the plan.
        event_id: Its id in the event log.
        stored: Its row in the event log.
    """
    planned = event.get_dagster_event().event_specific_data
    if not isinstance(planned, AssetCheckEvaluationPlanned):
        message = f"{event.dagster_event_type} is not a planned check."
        raise TypeError(message)
    return {
        "asset_key": planned.asset_key.to_string(),
        "check_name": planned.check_name,
        "partition": None,
        "run_id": event.run_id,
        "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
        "evaluation_event": stored["event"],
        "evaluation_event_timestamp": stored["timestamp"],
        "evaluation_event_storage_id": event_id,
    }
