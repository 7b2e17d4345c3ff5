"""`sales-assets reset`: stops the local servers and deletes what the demo made, unless something uses it.

Which folder that is, the settings say; what a person put beside our files there stays.
"""

import os
import shutil
from argparse import Namespace
from pathlib import Path

import psutil

from sales_assets.commands import stop
from sales_assets.commands.console import print_line
from sales_assets.errors import RefusedError
from sales_assets.settings import ROOT, Settings, settings
from sales_assets.settings.schema import DATA_DIR

_PROGRAMS = ("dagster", "dagster._daemon", "dagster_webserver", "dg", "sales-assets", "sales_assets.commands")
_OURS = ("airbyte", "dbt", "erp", "exports", "lake", "mlflow", "models", "reports", "s3")


def run(options: Namespace) -> int:
    """Delete the demo's data, the local warehouse and Dagster's history; the exit code is 0."""
    refuse_if_in_use(ROOT)
    stop.run(options)
    deleted = delete_data(settings(), DATA_DIR)
    print_line(f"Deleted {', '.join(map(str, deleted)) or 'nothing: there was no data'}.")
    if settings().duckdb_path.exists():
        print_line(f"Kept {settings().duckdb_path}, which is outside of {settings().data_dir}.")
    return 0


def delete_data(settings: Settings, default: Path) -> list[Path]:
    """Delete the data of these settings, and no other's.

    The default folder is all ours. Of another one only our files are deleted, and of the default folder then
    Dagster's history alone, which is always there.

    Args:
        settings: Whose data is deleted.
        default: The data folder of a checkout that sets none.

    Returns:
        What was deleted.
    """
    if settings.data_dir == default:
        candidates = [default]
    else:
        names = [settings.data_dir / name for name in _OURS]
        candidates = [*names, *settings.data_dir.glob("sales.duckdb*"), default / "dagster"]
    deleted = [path for path in candidates if path.exists()]
    for path in deleted:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return deleted


def refuse_if_in_use(root: Path) -> None:
    """Refuse while Dagster, or another command of this project, runs in a folder.

    Raises:
        RefusedError: Names the process.
    """
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = process.info["cmdline"] or []
        is_ours = any(Path(word).name in _PROGRAMS for word in words)
        if is_ours and process.info["cwd"] == os.fspath(root) and process.pid != os.getpid():
            program = " ".join(Path(word).name for word in words[1:4])
            message = (
                f"Process {process.pid} uses .data: {program}. No stored data was changed. End it, then run "
                "the command again."
            )
            raise RefusedError(message)
