"""A private part of Snowflake's connector: the thread of each query, which cancels it after its time limit.

An interruption between the thread's start and the query leaves it to wait for that time, and the interpreter
would wait for the thread: the process of a terminated run stayed for minutes.
"""

from functools import cache
from typing import Any

from snowflake.connector._utils import _TrackedQueryCancellationTimer


@cache
def end_without_timers() -> None:
    """Let this process end while such a thread still waits; dbt's queries are included."""
    create: Any = _TrackedQueryCancellationTimer.__init__

    def create_daemon(timer: Any, *arguments: Any, **options: Any) -> None:
        create(timer, *arguments, **options)
        timer.daemon = True

    _TrackedQueryCancellationTimer.__init__ = create_daemon  # type: ignore[method-assign, assignment]
