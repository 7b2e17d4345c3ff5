"""Which test runs on which of pytest-xdist's workers: the next free one, unless tests share a set-up.

Only files whose module-wide fixture takes many seconds are kept together.
"""

from xdist.scheduler import LoadScopeScheduling

_TOGETHER = {
    "sales_assets_tests/journeys/test_airbyte_marts.py": "laptop",
    "sales_assets_tests/journeys/test_whole_graph.py": "laptop",
    "sales_assets_tests/journeys/test_pipeline.py": "pipeline",
    "sales_assets_tests/journeys/test_production.py": "production",
}


class SharedSetUpScheduling(LoadScopeScheduling):
    """Sends tests one by one, and those that share an expensive set-up to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return _TOGETHER.get(nodeid.partition("::")[0], nodeid)


def is_together(nodeid: str) -> bool:
    """Whether a test has to run on the worker of others."""
    return nodeid.partition("::")[0] in _TOGETHER
