"""What each process of the tests begins with: a clean environment, a data folder of its own, who runs what.

What tests share is in `support/fixtures.py`. xdist's controller runs no test and does not load that, nor
Dagster, so that its workers start seconds earlier.
"""

import os
import tempfile
from typing import Any

import pytest

from sales_assets.settings.schema import VARIABLE_PREFIXES
from sales_assets_tests.support.scheduling import SharedSetUpScheduling, is_together

# Before anything reads the settings: nothing is configured, and each process has a data folder of its own.
for name in [name for name in os.environ if name.startswith((*VARIABLE_PREFIXES, "DBT_"))]:
    del os.environ[name]
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
DATA_DIR = tempfile.TemporaryDirectory(prefix="sales-", ignore_cleanup_errors=True)
os.environ["SALES_DATA_DIR"] = DATA_DIR.name
os.environ["DAGSTER_EVENT_BATCH_SIZE"] = "1000"  # as the laptop's event log sets it


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Load what tests share, where tests run or are listed, once pytest-cov measures this process."""
    config = session.config
    is_listing = any(map(config.getoption, ("collectonly", "showfixtures", "show_fixtures_per_test")))
    if is_listing or hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        config.pluginmanager.import_plugin("sales_assets_tests.support.fixtures")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put slow tests first, groups of them before all, so that all workers end at about the same time."""
    items.sort(key=lambda item: (not is_together(item.nodeid), item.get_closest_marker("slow") is None))


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores, because workers often wait for a process that they started."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SharedSetUpScheduling:
    """See `support/scheduling.py`."""
    return SharedSetUpScheduling(config, log)


def pytest_unconfigure() -> None:
    """Remove the data folder of this process."""
    DATA_DIR.cleanup()
