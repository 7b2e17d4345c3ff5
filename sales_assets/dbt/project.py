"""The dbt project: its folder, its manifest, the dbt command, and the settings that dbt needs.

The manifest that Dagster loads is separate from the folders that dbt's runs write to. There is one for each
database, and it is replaced atomically: no process ever reads half of one, or another database's.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any, assert_never
from urllib.parse import quote

from sales_assets.errors import RefusedError
from sales_assets.private_apis.dagster_dbt import DbtCliInvocation, DbtCliResource, DbtProject
from sales_assets.settings import (
    ROOT,
    Settings,
    SnowflakeSecret,
    WarehouseEngine,
    exported,
    make_private_folder,
)
from sales_assets.warehouse.duckdb_file import reserve_database

PROJECT_DIR = ROOT / "dbt_project"

MANIFEST, PARSED = "manifest.json", "partial_parse.msgpack"
"""The files that parsing the project produces: for Dagster, and for dbt itself."""

_TARGET_PATH = "DBT_TARGET_PATH"
"""The variable for the folder where dbt writes the artifacts of its runs."""

_QUERY_TAG = "SALES_DBT_QUERY_TAG"  # of dbt's statements in Snowflake

_PARSING = Lock()
"""One thread at a time: dbt's flags are those of the whole process."""


class SalesDbtResource(DbtCliResource):
    """dbt, with the settings that it shares with Python in its environment.

    Attributes:
        environment: Variables for dbt's `profiles.yml` and macros; contains no secrets.
        duckdb_path: The file that dbt opens; empty where the warehouse is a server.
    """

    environment: dict[str, str]
    duckdb_path: str = ""

    @property
    def target_folder(self) -> Path:
        """Where dbt writes the artifacts of its runs."""
        return Path(self.environment[_TARGET_PATH])

    def cli(self, args: Sequence[str], **kwargs: Any) -> DbtCliInvocation:
        """Start a dbt process; see dagster-dbt's `DbtCliResource.cli`."""
        with exported(self.environment):
            return super().cli(args, **kwargs)

    def run(self, command: Sequence[str], project: DbtProject, caller: str) -> Iterator[dict[str, Any]]:
        """Run dbt in this process, with exclusive use of the warehouse's file.

        Args:
            command: A dbt command, such as `build`, with its options.
            project: The parsed project.
            caller: Identifies the caller to others that wait, and in Snowflake's query tag.

        Yields:
            The results of models and tests as they come; see `runner.run_dbt`.

        Raises:
            DbtFailedError: A model, a test or dbt itself failed; names them.
        """
        from sales_assets.dbt.runner import run_dbt  # noqa: PLC0415 - imports dbt, a second and a half

        folders = ["--project-dir", self.project_dir, "--profiles-dir", self.profiles_dir or self.project_dir]
        target = os.fspath(self.target_folder)
        options = ["--target", project.target or "", "--target-path", target, "--log-path", target]
        parsed = Path(project.target_path) / PARSED
        with self.reserve_warehouse(caller), exported(self.environment | {_QUERY_TAG: caller}):
            yield from run_dbt([*command, *folders, *options], parsed, self.target_folder)

    def reserve_warehouse(self, caller: str) -> AbstractContextManager[None]:
        """Keep our other readers and writers out of the DuckDB file while dbt has it open.

        Args:
            caller: Identifies the caller to others that wait.
        """
        if not self.duckdb_path:
            return nullcontext()
        return reserve_database(Path(self.duckdb_path), caller=caller)


def build_dbt_resource(settings: Settings) -> SalesDbtResource:
    """Build the dbt resource of an environment."""
    return SalesDbtResource(
        project_dir=os.fspath(PROJECT_DIR),
        profiles_dir=os.fspath(PROJECT_DIR),
        target=settings.warehouse,
        dbt_executable=find_dbt(),
        environment=build_dbt_environment(settings),
        duckdb_path=os.fspath(settings.duckdb_path) if settings.warehouse is WarehouseEngine.DUCKDB else "",
    )


def build_dbt_environment(settings: Settings) -> dict[str, str]:
    """Build dbt's variables, so that dbt and Python use the same warehouse and the same business day.

    Only the way to authenticate at Snowflake that Python uses is passed on; dbt refuses more than one.
    """
    unused = [str(secret) for secret in SnowflakeSecret if secret != settings.snowflake_secret]
    return {
        **dict.fromkeys(unused, ""),
        "SALES_DUCKDB_PATH": os.fspath(settings.duckdb_path),
        "SNOWFLAKE_DATABASE": settings.snowflake_database,
        "SALES_TIMEZONE": settings.timezone,
        "SALES_ERP_CURRENCY": settings.erp_currency,
        _TARGET_PATH: os.fspath(settings.data_dir / "dbt" / "runs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def find_dbt() -> str:
    """Return the path of the `dbt` command: beside this Python, which need not be on the PATH, or on it.

    Raises:
        RefusedError: There is neither.
    """
    beside_python = shutil.which("dbt", path=os.fspath(Path(sys.executable).parent))
    dbt = beside_python or shutil.which("dbt")
    if dbt is None:
        message = (
            f"The command dbt was found neither beside {sys.executable} nor on the PATH. "
            "No stored data was changed. Install it: pip install dbt-core dbt-duckdb dbt-snowflake"
        )
        raise RefusedError(message)
    return dbt


def prepare_project(settings: Settings) -> DbtProject:
    """Return the project with an up-to-date manifest; parses the project if needed, which takes seconds."""
    folder = _locate_manifest_folder(settings)
    with _PARSING:
        lag = measure_manifest_lag(settings)
        if lag is None or lag > 0:
            _parse_project(settings, folder)
    return DbtProject(
        project_dir=PROJECT_DIR, profiles_dir=PROJECT_DIR, target_path=folder, target=settings.warehouse
    )


def measure_manifest_lag(settings: Settings) -> float | None:
    """Return how many seconds the manifest is older than the project's files; None if it does not exist.

    Folders count as well: the time of one changes when a file in it is removed.
    """
    manifest = _locate_manifest_folder(settings) / MANIFEST
    changed = max(path.stat().st_mtime for path in [PROJECT_DIR, *PROJECT_DIR.rglob("*")])
    return changed - manifest.stat().st_mtime if manifest.exists() else None


def _locate_manifest_folder(settings: Settings) -> Path:
    """One folder for each database, because parsing writes the database's name into the manifest."""
    match settings.warehouse:
        case WarehouseEngine.DUCKDB:
            database = settings.duckdb_path.stem
        case WarehouseEngine.SNOWFLAKE:
            database = settings.snowflake_database
        case never:
            assert_never(never)
    return settings.data_dir / "dbt" / f"manifest-{settings.warehouse}-{quote(database, safe='')}"


def _parse_project(settings: Settings, folder: Path) -> None:
    """Parse into a scratch folder, then move the files into place, the manifest last.

    Raises:
        RuntimeError: The project does not parse; contains dbt's reason.
    """
    from sales_assets.dbt.runner import run_quietly  # noqa: PLC0415 - imports dbt

    make_private_folder(folder)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        folders = ["--project-dir", os.fspath(PROJECT_DIR), "--profiles-dir", os.fspath(PROJECT_DIR)]
        options = ["--target", settings.warehouse, "--target-path", scratch, "--log-path", scratch]
        with exported(build_dbt_environment(settings)):
            outcome = run_quietly(["parse", *folders, *options])
        if not outcome.success:
            message = (
                f"The dbt project in {PROJECT_DIR} does not parse. No stored data was changed. "
                f"Correct the project; dbt reports: {outcome.exception}"
            )
            raise RuntimeError(message)
        for name in (PARSED, MANIFEST):
            (Path(scratch) / name).replace(folder / name)
