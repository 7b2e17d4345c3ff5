"""Copies of the project, one for each variant that is measured, so that none sees another's files."""

import shutil
import subprocess
import sys
from pathlib import Path

from sales_assets.settings import ROOT


def copy_stock_project(copy: Path) -> None:
    """Make a new copy without our instance and contracts, with dbt's project parsed."""
    copy_project(copy)
    (copy / "dagster.yaml").unlink()
    project = copy / "dbt_project" / "dbt_project.yml"
    text = project.read_text().replace("enforced: true", "enforced: false")
    project.write_text(
        f"{text}\ndata_tests:\n  +severity: warn\n"
    )  # money stored as floats does not add up exactly
    command = [sys.executable, "-m", "dbt.cli.main", "parse"]
    subprocess.run(command, cwd=copy / "dbt_project", check=True, stdout=-3)  # noqa: S603 - dbt's own


def copy_project(copy: Path) -> None:
    """Make a new copy of the project, as a fresh clone has it."""
    shutil.rmtree(copy, ignore_errors=True)
    (copy / ".data").mkdir(parents=True)
    for name in ("sales_assets", "bench", "dbt_project"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dagster.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, copy)


def reset(home: Path) -> Path:
    """Delete the warehouse and run history of a copy; what dbt parsed is kept."""
    for path in (home / ".data").iterdir():
        if path.name.startswith("sales.duckdb") and not path.name.endswith(".target"):
            path.unlink()
        elif path.name in ("dagster", "history", "schedules", "storage"):
            shutil.rmtree(path)
    return home
