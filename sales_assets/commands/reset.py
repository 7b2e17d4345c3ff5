"""`sales-assets reset`: stops the local servers and deletes `.data`, unless something uses it."""

import os
import shutil
from argparse import Namespace
from pathlib import Path

import psutil

from sales_assets.commands import stop
from sales_assets.commands.console import print_line
from sales_assets.errors import RefusedError
from sales_assets.settings import ROOT

_PROGRAMS = ("dagster", "dagster._daemon", "dagster_webserver", "dg", "sales-assets", "sales_assets.commands")


def run(options: Namespace) -> int:
    """Delete the demo's data, the local warehouse and Dagster's history; the exit code is 0."""
    refuse_if_in_use(ROOT)
    stop.run(options)
    shutil.rmtree(ROOT / ".data", ignore_errors=True)
    print_line("Deleted .data: the embedded ERP, the emulators, the local warehouse and Dagster's history.")
    return 0


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
