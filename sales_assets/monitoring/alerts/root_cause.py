"""The sentence that says why a run failed: the project's own where it has one, else the redacted error."""

from typing import Any

import dagster as dg

from sales_assets.errors import RefusedError, UnavailableError
from sales_assets.monitoring.alerts.ended_runs import EndedRun
from sales_assets.redaction import cut_text, redact_error

LONGEST_CAUSE = 1000
"""How many characters of a cause are told; a chat shows no more."""

_OUR_ERRORS = (RefusedError.__name__, UnavailableError.__name__)


def find_root_cause(run: EndedRun) -> str:
    """Why a run failed, from its first failed step, else from its own failure."""
    failures = run.of(dg.DagsterEventType.STEP_FAILURE)
    if failures:
        data: Any = failures[0].get_dagster_event().event_specific_data
        described = data.user_failure_data.description if data.user_failure_data else ""
        others = f" ({len(failures) - 1} more step(s) failed.)" if len(failures) > 1 else ""
        return cut_text(described or find_sentence(data.error), LONGEST_CAUSE) + others
    messages = [_read_message(entry) for entry in run.of(dg.DagsterEventType.RUN_FAILURE)]
    return cut_text(messages[-1] if messages else "Dagster recorded no cause.", LONGEST_CAUSE)


def find_sentence(error: Any) -> str:
    """The sentence of the error that matters; see `find_root`."""
    root = find_root(error)
    if root is None:
        return "Dagster recorded no cause."
    return (
        _without_class(root.message) if root.cls_name in _OUR_ERRORS else redact_error(root.message.strip())
    )


def find_root(error: Any) -> Any:
    """The error that matters: the outermost of ours, for it explains those below it; else the innermost."""
    root = error
    while error is not None and error.cls_name not in _OUR_ERRORS:
        root, error = error, error.cause
    return error or root


def _without_class(message: str) -> str:
    """An error's own text: Dagster writes the name of its class before it."""
    return message.partition(": ")[2].strip() or message.strip()


def _read_message(entry: dg.EventLogEntry) -> str:
    event = entry.get_dagster_event()
    data: Any = event.event_specific_data
    error = getattr(data, "error", None)
    return find_sentence(error) if error else redact_error(event.message or "Dagster recorded no cause.")
