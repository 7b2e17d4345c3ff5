"""Runs several commands in one process, because starting a process for each would take seconds."""

import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def environment_of(checkout: Path) -> dict[str, str]:
    """The environment for a process of a checkout, with the data folder of the checkout."""
    return os.environ | {"PYTHONPATH": str(checkout), "SALES_DATA_DIR": str(checkout / ".data")}


def run_commands(checkout: Path, *commands: Sequence[str], **environment: str) -> list[tuple[int, str]]:
    """Run Python modules with their arguments in a checkout; returns exit code and output of each."""
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", __name__, json.dumps(commands)],
        cwd=checkout,
        env=environment_of(checkout) | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    parts = re.split(r"ended with exit code (\d+)\n", process.stdout)
    return [(int(code), output) for output, code in zip(parts[0::2], parts[1::2], strict=False)]


def _run(module: str, *arguments: str) -> int:
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


if __name__ == "__main__":
    for command in json.loads(sys.argv[1]):
        code = _run(*command)
        sys.stdout.write(f"ended with exit code {code}\n")
        sys.stdout.flush()
