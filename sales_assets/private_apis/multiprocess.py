"""Dagster's multiprocess executor, which ends a step that still loads at once when its run is terminated.

Dagster sets an event for each step's process, which hears of it only after its imports: half a minute on a
busy machine. A process that has not begun its step holds nothing, so it is ended here. How a step that works
is interrupted belongs to `interruptions.py`.
"""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterSubprocessError
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.executor.multiprocess import MultiprocessExecutor
from dagster_shared.error import SerializableErrorInfo

from sales_assets.private_apis.forked_runs import share_fork_server

_HAS_BEGUN = {dg.DagsterEventType.RESOURCE_INIT_STARTED, dg.DagsterEventType.STEP_START}
_IS_TERMINATED = "Multiprocess executor: received termination signal"
_ENDING = signal.SIGUSR1
"""Ends a process that does not handle it; Dagster takes SIGKILL for a lack of memory, and says so."""
_DEATH_SECONDS = 5.0
"""How long to wait until it is gone: Dagster would set its event, and wait for ever for it to be heard."""

_INTERRUPTED = dg.DagsterExecutionInterruptedError.__name__


class _EndingExecutor(MultiprocessExecutor):
    """Ends steps that still load, and retries none, once the run is asked to end.

    Args:
        configured: The executor to behave like otherwise.
    """

    def __init__(self, configured: MultiprocessExecutor):
        vars(self).update(vars(configured))
        self._ended: set[int] = set()
        self._is_terminated = False

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        """Execute the steps.

        Raises:
            DagsterExecutionInterruptedError: The run was asked to end, and no step failed for another reason.
        """
        begun: set[int | None] = set()
        share_fork_server()
        try:
            for event in super().execute(plan_context, execution_plan):
                if event.event_type in _HAS_BEGUN:
                    begun.add(event.pid)
                if (event.message or "").startswith(_IS_TERMINATED):
                    self._is_terminated = True
                    self._end_loading_steps(begun)
                yield event
        except DagsterSubprocessError as error:
            failed = [each.cls_name for each in error.subprocess_error_infos]
            if self._ended and set(failed) <= {
                _INTERRUPTED,
                "KeyboardInterrupt",
                "ChildProcessCrashException",
            }:
                raise dg.DagsterExecutionInterruptedError from error
            raise

    def log_failure_or_retry_event_after_error(
        self, step_context: Any, err_info: SerializableErrorInfo, known_state: Any
    ) -> dg.DagsterEvent:
        """Record how a process ended: as interrupted, without a retry, if the run was asked to end."""
        if not self._is_terminated:
            return super().log_failure_or_retry_event_after_error(step_context, err_info, known_state)
        said = "The run was terminated while this step was still loading. No stored data was changed.\n"
        ended = SerializableErrorInfo(said, [], _INTERRUPTED)
        data = StepFailureData(ended, None)  # type: ignore[no-untyped-call]
        return dg.DagsterEvent.step_failure_event(step_context, data)

    def _end_loading_steps(self, begun: set[int | None]) -> None:
        for process in multiprocessing.active_children():
            if process.pid and process.pid not in begun:
                self._ended.add(process.pid)
                with suppress(ProcessLookupError):
                    os.kill(process.pid, _ENDING)
                process.join(_DEATH_SECONDS)


def build_multiprocess_executor() -> dg.ExecutorDefinition:
    """Build the executor, with the name and the config of Dagster's."""
    original = dg.multiprocess_executor

    def create(context: dg.InitExecutorContext) -> _EndingExecutor:
        configured = original.executor_creation_fn(context) if original.executor_creation_fn else None
        if not isinstance(configured, MultiprocessExecutor):
            message = "Dagster's multiprocess executor is another than was expected."
            raise TypeError(message)
        return _EndingExecutor(configured)

    return dg.ExecutorDefinition(
        name=original.name,
        config_schema=original.config_schema,  # type: ignore[arg-type]
        requirements=original.get_requirements,
        executor_creation_fn=create,
        description=original.description,
    )
