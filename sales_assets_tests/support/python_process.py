"""Starts Python programs with the libraries already loaded, because importing Dagster and dbt takes seconds.

Each program is a process of its own, with its own environment, folder and output, and can be killed. It is
forked from a server that has imported the libraries, and imports the project anew from its checkout.
"""

import multiprocessing
import os
import re
import runpy
import signal
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import TextIO

ROOT = Path(__file__).resolve().parents[2]

LIBRARIES = [
    "altair",
    "dagster",
    "dagster._cli",
    "dagster._core.storage.event_log",
    "dagster._core.storage.runs",
    "dagster_airbyte",
    "dagster_aws.s3",
    "dagster_dbt",
    "dbt.cli.main",
    "dbt.adapters.duckdb",
    "pandas",
    "pyarrow.dataset",
    "rich.progress",
    "structlog",
    "upath",
]
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(LIBRARIES)


_END = "the command ended with "
_COMMANDS = """
import sys
from dagster._cli import create_dagster_cli
from sales_assets.commands.__main__ import main
programs = {{"sales-assets": main, "dagster": create_dagster_cli()}}
for program, *arguments in {commands}:
    try:
        code = programs[program](arguments)
    except SystemExit as end:
        code = end.code
    print(f"{end}{{code or 0}}", flush=True)
"""


class PythonProcess:
    """`python -W ignore` with the arguments `-m module …` or `-c code …`.

    It runs in this project and its test's data folder, or in another checkout and that one's data folder.
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str] | None = None, checkout: Path = ROOT):
        receiver, sender = PROCESSES.Pipe(duplex=False)
        variables = os.environ | {"PYTHONPATH": str(checkout)}
        if checkout != ROOT:
            variables["SALES_DATA_DIR"] = str(checkout / ".data")
        variables.update(environment or {})
        self._process = PROCESSES.Process(target=_run, args=(arguments, variables, checkout, sender))
        self._process.start()
        sender.close()
        self.output: TextIO = os.fdopen(os.dup(receiver.fileno()))
        receiver.close()

    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.is_alive()

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    @contextmanager
    def serving(self, started: re.Pattern[str], ended_by: signal.Signals) -> Iterator[re.Match[str]]:
        """Wait until a server says that it has started, and end it by a signal after the block.

        Args:
            started: Found in the line that says so; the block gets the match.
            ended_by: The signal.

        Raises:
            RuntimeError: It ended before; has what it printed.
        """
        match = self._read_until(started)
        # What nobody reads would fill the pipe, and it would wait.
        reader = Thread(target=list, args=(self.output,))
        reader.start()
        try:
            yield match
        finally:
            self.send(ended_by)
            reader.join()
            self.wait()

    def _read_until(self, started: re.Pattern[str]) -> re.Match[str]:
        printed: list[str] = []
        for line in self.output:
            printed.append(line)
            if found := started.search(line):
                return found
        message = f"The process ended before it had started to serve:\n{''.join(printed)}"
        raise RuntimeError(message)

    def wait(self) -> tuple[int, str]:
        """Wait for its end; returns the exit code and what was not read yet of its output and errors."""
        with self.output:
            output = self.output.read()
        self._process.join()
        assert self._process.exitcode is not None
        return self._process.exitcode, output


def run_python(
    *arguments: str, environment: Mapping[str, str] | None = None, checkout: Path = ROOT
) -> tuple[int, str]:
    """Run it to its end; returns the exit code and all output."""
    return PythonProcess(*arguments, environment=environment, checkout=checkout).wait()


def run_commands(
    *commands: Sequence[str], environment: Mapping[str, str] | None = None, checkout: Path = ROOT
) -> list[tuple[int, str]]:
    """Run commands of `sales-assets` and `dagster` in one process, which loads the project once.

    Args:
        commands: Each with its program first.
        environment: See `PythonProcess`.
        checkout: See `PythonProcess`.

    Returns:
        The exit code and the output of each.
    """
    program = _COMMANDS.format(commands=[list(command) for command in commands], end=_END)
    _, output = run_python("-c", program, environment=environment, checkout=checkout)
    outputs, codes = re.split(rf"{_END}(\d+)\n", output)[::2], re.findall(rf"{_END}(\d+)\n", output)
    assert len(codes) == len(commands), output
    return [(int(code), printed) for code, printed in zip(codes, outputs, strict=False)]


def _run(arguments: Sequence[str], variables: Mapping[str, str], checkout: Path, sender: Connection) -> None:
    os.dup2(sender.fileno(), 1)
    os.dup2(sender.fileno(), 2)
    sender.close()
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    # A shell's background jobs, and the processes that these start, ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(checkout)
    os.environ.clear()
    os.environ.update(variables)
    for name in [name for name in sys.modules if name.partition(".")[0] == "sales_assets"]:
        del sys.modules[name]
    sys.path.insert(0, str(checkout))
    sys.warnoptions[:] = ["ignore"]
    warnings.simplefilter("ignore")
    option, program, *rest = arguments
    sys.argv = [option, *rest]
    if option == "-m":
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        exec(program, {"__name__": "__main__"})  # noqa: S102 (a test's own code)
