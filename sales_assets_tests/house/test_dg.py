"""Dagster's own command line finds the project and its definitions, as `[tool.dg]` declares them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sales_assets_tests.support.data_dir import copy_manifests

pytestmark = pytest.mark.slow  # a process of its own: dg reads pyproject.toml and starts Python itself


@pytest.mark.exhaustive
def test_dg_finds_the_project_and_its_definitions_are_valid(fresh_clone: Path) -> None:
    copy_manifests(fresh_clone / ".data")
    dg = Path(sys.executable).with_name("dg")
    environment = os.environ | {"PYTHONPATH": str(fresh_clone), "SALES_DATA_DIR": ""}
    for what in ("toml", "defs"):
        done = subprocess.run(
            [dg, "check", what], cwd=fresh_clone, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
