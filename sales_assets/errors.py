"""The errors that no retry mends, as sentences for whoever is on call.

What may pass by itself (a database that is down, a time-out) stays an ordinary exception, so that
the retry policies of `retries.py` apply to it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg


class RefusedError(dg.Failure, ValueError):
    """Work that was refused, because trying it again would end the same way.

    It is a `ValueError` for tests and callers, and to Dagster a failure without retries.
    """

    def __init__(self, sentence: str):
        dg.Failure.__init__(self, description=sentence, allow_retries=False)
        ValueError.__init__(self, sentence)


@contextmanager
def refusing(work: str) -> Iterator[None]:
    """Turn a `ValueError` of a pure function into a refusal that says whose it is and what was kept.

    Args:
        work: The asset and its days, such as "raw_orders for 2025-01-15".
    """
    try:
        yield
    except ValueError as error:
        sentence = (
            f"{error} {work}: nothing was stored, and what was stored before is kept. "
            "Correct the source, then run the day again."
        )
        raise RefusedError(sentence) from error
