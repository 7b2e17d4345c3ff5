"""Dagster's own command line finds the project and its definitions, as `[tool.dg]` declares them."""

import subprocess
import sys
from pathlib import Path

import pytest

from sales_assets.settings import ROOT

pytestmark = pytest.mark.slow  # a process of its own: dg reads pyproject.toml and starts Python itself


@pytest.mark.parametrize("what", ["toml", "defs"])
def test_dg_checks_the_project(what: str) -> None:
    dg = Path(sys.executable).with_name("dg")
    done = subprocess.run([dg, "check", what], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
