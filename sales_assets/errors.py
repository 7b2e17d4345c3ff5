"""The errors that no retry mends, as sentences for whoever is on call.

What may pass by itself (a database that is down, a time-out) stays an ordinary exception, so that
the retry policies of `retries.py` apply to it.
"""

import dagster as dg


class RefusedError(dg.Failure, ValueError):
    """Work that was refused, because trying it again would end the same way.

    It is a `ValueError` for tests and callers, and to Dagster a failure without retries.
    """

    def __init__(self, sentence: str):
        dg.Failure.__init__(self, description=sentence, allow_retries=False)
        ValueError.__init__(self, sentence)


class UnavailableError(Exception):
    """Something that is needed did not answer or is in use; the retry policies apply, it may answer later."""
