"""The data folder of a test process, with dbt's manifests parsed in advance, and copies of the project.

Parsing the dbt project takes seconds. The manifests are kept in pytest's cache between sessions, and parsed
again when the project's files changed. Nothing of a checkout's `.data` is read or written.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sales_assets.dbt.project import prepare_project
from sales_assets.settings import ROOT, Environment, Settings, settings

CACHE = ROOT / ".pytest_cache" / "d" / "manifests"

_CACHED = (
    Settings(data_dir=CACHE),
    Settings(environment=Environment.PROD, data_dir=CACHE),
    Settings(environment=Environment.PROD, data_dir=CACHE, snowflake_database="SALES"),
)


def settings_with(**changes: Any) -> Settings:
    """The settings of this test process, with some changes."""
    return replace(settings(), **changes)


@contextmanager
def environment_with(variables: Mapping[str, str]) -> Iterator[None]:
    """This process with other variables and the settings of these, restored on exit."""
    try:
        with patch.dict(os.environ, variables):
            settings.cache_clear()
            yield
    finally:
        settings.cache_clear()
        settings()


def prepare_manifests(worker: int) -> None:
    """Have the manifests of a laptop and of production in the cache, and copies in this process's folder.

    A manifest is of one database: production has one without a name, as in an image, and one for `SALES`.

    Args:
        worker: The number of this process; each begins with another manifest, so that none waits for long.
    """
    numbers = range(len(_CACHED))
    for number in sorted(numbers, key=lambda each: (each - worker) % len(_CACHED)):
        with _lock(CACHE / str(number)):
            prepare_project(_CACHED[number])
    copy_manifests(settings().data_dir)


def copy_manifests(data_dir: Path) -> None:
    """Give a data folder the parsed manifests, so that nothing has to be parsed there."""
    shutil.copytree(CACHE / "dbt", data_dir / "dbt", dirs_exist_ok=True)


def copy_project(folder: Path) -> Path:
    """Copy the project as a fresh clone has it, without anything that was made by running it."""
    made = shutil.ignore_patterns(".git", ".venv", ".data", ".env", "*_cache", "__pycache__", "*.egg-info")
    return Path(shutil.copytree(ROOT, folder / "clone", ignore=made))


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
