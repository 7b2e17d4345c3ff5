"""The errors that no retry mends, as sentences for whoever is on call.

What may pass by itself (a database that is down, a time-out) stays an ordinary exception, so that
the retry policies of `retries.py` apply to it.
"""

import re

import dagster as dg


class RefusedError(dg.Failure, ValueError):
    """Work that was refused, because trying it again would end the same way.

    It is a `ValueError` for tests and callers, and to Dagster a failure without retries.
    """

    def __init__(self, sentence: str):
        dg.Failure.__init__(self, description=sentence, allow_retries=False)
        ValueError.__init__(self, sentence)


def missing_variables(error: Exception) -> list[str]:
    """The environment variables that Dagster misses, by its error when it resolves a resource's `EnvVar`s."""
    return sorted(set(re.findall(r'environment variable "(\w+)"', str(error))))
