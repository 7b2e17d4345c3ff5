"""The two kinds of errors: refused, which is not retried, and unavailable, which is.

Their messages are sentences for the person on call: what failed, what was kept, what to do.
"""

import dagster as dg


class RefusedError(dg.Failure, ValueError):
    """Work that was refused, because a retry would fail the same way.

    It is a `ValueError` for tests and callers, and a failure without retries for Dagster.
    """

    def __init__(self, sentence: str):
        dg.Failure.__init__(self, description=sentence, allow_retries=False)
        ValueError.__init__(self, sentence)


class UnavailableError(Exception):
    """Something that is needed did not answer or is in use; the retry policies apply, it may answer later."""
