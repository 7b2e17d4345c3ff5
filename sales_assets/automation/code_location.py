"""The code location in which a schedule or sensor is evaluated."""

import dagster as dg


def get_repository(
    context: dg.ScheduleEvaluationContext | dg.SensorEvaluationContext,
) -> dg.RepositoryDefinition:
    """Return the definitions of the code location.

    Raises:
        DagsterInvariantViolationError: A test evaluated it without them.
    """
    if context.repository_def is None:
        message = "The schedule or sensor was evaluated without its code location."
        raise dg.DagsterInvariantViolationError(message)
    return context.repository_def
