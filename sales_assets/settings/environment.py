"""The process environment and the file `.env`: the only module that reads or writes them."""

import os
import zoneinfo
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from dotenv import load_dotenv

from sales_assets.settings.parsing import parse_settings
from sales_assets.settings.schema import DATA_DIR, ROOT, VARIABLE_PREFIXES, Settings
from sales_assets.settings.values import parse_path


@cache
def settings() -> Settings:
    """The settings of this process: the environment, and below it `.env` at the repository's root.

    From then on, time zones in this process have the rules of the pinned package `tzdata`, not the system's.

    Raises:
        ValueError: A variable has a value that is not allowed.
    """
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    load_dotenv(ROOT / ".env")
    return parse_settings(os.environ)


def our_variables() -> dict[str, str]:
    """The variables of this project that are set, secrets included: for the doctor, and to redact them."""
    load_dotenv(ROOT / ".env")
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(VARIABLE_PREFIXES) and value.strip()
    }


def dagster_home() -> Path:
    """The folder of the `dagster.yaml` in use: `DAGSTER_HOME`, else the repository's root."""
    return Path(os.environ.get("DAGSTER_HOME") or ROOT)


def find_data_dir() -> Path:
    """The folder of `Settings.data_dir`, even if other settings are invalid."""
    load_dotenv(ROOT / ".env")
    return parse_path(ROOT, os.environ.get("SALES_DATA_DIR") or DATA_DIR)


def set_default(name: str, value: str) -> None:
    """Set an environment variable that a library reads, unless it is set already."""
    os.environ.setdefault(name, value)


@contextmanager
def exported(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables of this process, and restore the former values on exit."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
