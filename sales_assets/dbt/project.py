"""The dbt project: where it stands, its manifest, and the command with the settings it needs.

The manifest that Dagster loads is kept apart from the working folders of dbt's own runs, one for each
database, and replaced whole: a process that reads it never meets half of one, or another's.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, assert_never
from urllib.parse import quote

from dagster_dbt import DbtCliInvocation, DbtCliResource, DbtProject

from sales_assets.dbt.runner import run_dbt
from sales_assets.settings import ROOT, Settings, SnowflakeSecret, WarehouseEngine, environment_with, exported
from sales_assets.warehouse.duckdb_file import reserved

PROJECT_DIR = ROOT / "dbt_project"

MANIFEST, PARSED = "manifest.json", "partial_parse.msgpack"
"""What dbt makes of the project: for Dagster, and for dbt itself."""

RUNS = "DBT_TARGET_PATH"
"""The variable that tells where dbt leaves the artifacts of its runs."""

QUERY_TAG = "SALES_DBT_QUERY_TAG"
"""The variable that tells Snowflake what dbt's statements belong to."""

DBT = Path(sys.executable).with_name("dbt")
"""The command beside this Python, which need not be on the PATH."""


class SalesDbtResource(DbtCliResource):
    """dbt, with the settings that it shares with Python in its environment.

    Attributes:
        environment: Variables for dbt's `profiles.yml` and macros; none of them is a secret.
        duckdb_path: The file that dbt opens; empty where the warehouse is a server.
    """

    environment: dict[str, str]
    duckdb_path: str = ""

    def cli(self, args: Sequence[str], **kwargs: Any) -> DbtCliInvocation:
        """Start dbt; see dagster-dbt's `DbtCliResource.cli`."""
        with exported(self.environment):
            return super().cli(args, **kwargs)

    def run(self, command: Sequence[str], project: DbtProject, holder: str) -> Iterator[dict[str, Any]]:
        """Run dbt in this process, alone with the warehouse's file.

        Args:
            command: What to do, such as `build`, with its options.
            project: The parsed project.
            holder: Who asks, for those who wait.

        Yields:
            The results of models and tests as they come; see `runner.run_dbt`.

        Raises:
            DbtFailedError: Something failed; names it.
        """
        folders = ["--project-dir", self.project_dir, "--profiles-dir", self.profiles_dir or self.project_dir]
        options = [*folders, "--target", project.target or "", "--target-path", self.environment[RUNS]]
        log = ["--log-path", self.environment[RUNS]]
        parsed = Path(project.target_path) / PARSED
        with self.alone(holder), exported(self.environment | {QUERY_TAG: holder}):
            yield from run_dbt([*command, *options, *log], parsed)

    def alone(self, holder: str) -> AbstractContextManager[None]:
        """Keep our other readers and writers of a DuckDB file out while dbt has it open.

        Args:
            holder: Who asks, for those who wait.
        """
        if not self.duckdb_path:
            return nullcontext()
        return reserved(Path(self.duckdb_path), holder=holder)


def dbt_resource(settings: Settings) -> SalesDbtResource:
    """The dbt of an environment."""
    return SalesDbtResource(
        project_dir=os.fspath(PROJECT_DIR),
        profiles_dir=os.fspath(PROJECT_DIR),
        target=settings.warehouse,
        dbt_executable=os.fspath(DBT),
        environment=dbt_environment(settings),
        duckdb_path=os.fspath(settings.duckdb_path) if settings.warehouse is WarehouseEngine.DUCKDB else "",
    )


def dbt_environment(settings: Settings) -> dict[str, str]:
    """What dbt needs to know, so that both always open the same warehouse and mean the same day.

    Of several ways to authenticate at Snowflake, dbt is left the one that Python uses; it refuses two.
    """
    unused = [str(secret) for secret in SnowflakeSecret if secret != settings.snowflake_secret]
    return {
        **dict.fromkeys(unused, ""),
        "SALES_DUCKDB_PATH": os.fspath(settings.duckdb_path),
        "SNOWFLAKE_DATABASE": settings.snowflake_database,
        "SALES_TIMEZONE": settings.timezone,
        "SALES_ERP_CURRENCY": settings.erp_currency,
        RUNS: os.fspath(settings.data_dir / "dbt" / "runs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def prepared_project(settings: Settings) -> DbtProject:
    """The project with a manifest that is as new as its files; parses them if need be, in seconds."""
    folder = _manifest_folder(settings)
    behind = manifest_age(settings)
    if behind is None or behind > 0:
        _parse(settings, folder)
    return DbtProject(
        project_dir=PROJECT_DIR, profiles_dir=PROJECT_DIR, target_path=folder, target=settings.warehouse
    )


def manifest_age(settings: Settings) -> float | None:
    """How many seconds the manifest is older than the project's files; None if there is none."""
    manifest = _manifest_folder(settings) / MANIFEST
    return _last_change() - manifest.stat().st_mtime if manifest.exists() else None


def _manifest_folder(settings: Settings) -> Path:
    """One for each database: parsing writes its name into the manifest."""
    return settings.data_dir / "dbt" / f"manifest-{settings.warehouse}-{quote(_database(settings), safe='')}"


def _database(settings: Settings) -> str:
    match settings.warehouse:
        case WarehouseEngine.DUCKDB:
            return settings.duckdb_path.stem
        case WarehouseEngine.SNOWFLAKE:
            return settings.snowflake_database
        case never:
            assert_never(never)


def _last_change() -> float:
    """When a file of the project was last written; a folder's time tells of one that was removed."""
    return max(path.stat().st_mtime for path in [PROJECT_DIR, *PROJECT_DIR.rglob("*")])


def _parse(settings: Settings, folder: Path) -> None:
    """Have dbt write its files elsewhere, then put them in their place, the manifest last.

    Raises:
        RuntimeError: The project does not parse; says what dbt said.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        project = os.fspath(PROJECT_DIR)
        folders = ["--project-dir", project, "--profiles-dir", project, "--target-path", scratch]
        options = ["--log-path", scratch, "--target", settings.warehouse, "--quiet", "--no-use-colors"]
        command = [os.fspath(DBT), "parse", *folders, *options]
        environment = environment_with(dbt_environment(settings))
        parsing = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)  # noqa: S603
        if parsing.returncode != 0:
            message = f"The dbt project in {PROJECT_DIR} does not parse: {parsing.stdout or parsing.stderr}"
            raise RuntimeError(message)
        for name in (PARSED, MANIFEST):
            (Path(scratch) / name).replace(folder / name)
