"""How dbt fails: its error, and how each model and test ended. What a failure leads to is in `retries.py`."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class NodeResult:
    """How a model or test of a failed dbt run ended.

    Attributes:
        unique_id: Its name in the manifest.
        status: `success`, `error`, `skipped`; of a test also `pass`, `fail`, `warn`.
        message: dbt's message; may contain values, so it is never shown.
    """

    unique_id: str
    status: str
    message: str


class DbtFailedError(Exception):
    """dbt failed.

    Attributes:
        nodes: How each model and test ended; empty if dbt failed before the first.
    """

    def __init__(self, message: str, nodes: Sequence[NodeResult] = ()):
        super().__init__(message)
        self.nodes = nodes
