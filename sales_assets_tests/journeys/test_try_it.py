"""The tour of `docs/try-it.md`, walked command by command in a copy of the project, up to its files.

What happens to files is tested in `test_raw_marketplace_orders.py` and `test_demo_s3.py`.

The shell and make are real. The programs that they call only tell their arguments: each is forked from one
process that has loaded the project, because importing Dagster and dbt for each would take a minute.
"""

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from multiprocessing.connection import Connection, Listener
from pathlib import Path

import pytest

from sales_assets.settings import ROOT, settings
from sales_assets_tests.support.data_dir import copy_manifests
from sales_assets_tests.support.dbt_variables import MODELS_ALONE
from sales_assets_tests.support.fixtures import stop_servers
from sales_assets_tests.support.python_process import PythonProcess

pytestmark = pytest.mark.slow

TOUR = (ROOT / "docs" / "try-it.md").read_text().partition("## A bad file")[0]
STEPS = re.findall(r"```sh\n(.*?)```\n(?:\n```text\n(.*?)```)?", TOUR, re.DOTALL)
ENDED_EARLY = re.compile(r"(.+) \| \(grep -m1 (\w+); pkill -(\w+) -f .+\)")
MAKE = ("MAKE", "MFLAGS")
VARIABLE = re.compile(r"(ERP_POSTGRES_URL)=(\S+) ")

TELL = '#!/bin/sh\nprintf \'%s\\0\' "$(basename "$0")" "$@"\n'

LOADED = """
import os, sys
from datetime import date
from multiprocessing.connection import Client
from sales_assets.demo import seeded_days

seeded_days.find_yesterday = lambda timezone: date(2025, 3, 31)  # two years of sales take ten seconds

import dagster._cli
import sales_assets.commands.backfill, sales_assets.commands.repair
from sales_assets.commands import __main__ as commands

def work(program, arguments, variables):
    if variables:
        os.environ.update(variables)
        for name in [name for name in sys.modules if name.partition(".")[0] == "sales_assets"]:
            del sys.modules[name]
        import sales_assets.commands.__main__
    if program == "dagster":
        dagster._cli.create_dagster_cli()(arguments)
    main = sys.modules["sales_assets.commands.__main__"].main
    return main(arguments)

requests = Client(os.environ["TOUR"])
while request := requests.recv():
    output, program, arguments, variables = request
    if (pid := os.fork()) == 0:
        file = os.open(output, os.O_WRONLY)
        os.dup2(file, 1), os.dup2(file, 2)
        try:
            code = work(program, arguments, variables)
        except SystemExit as end:
            code = end.code
        sys.stdout.flush()
        os._exit(code or 0)
    requests.send(pid)
    os.waitpid(pid, 0)
"""


class Shell:
    """Runs the lines of a shell block in the copy, and returns what they print."""

    def __init__(self, checkout: Path, programs: Connection):
        self.checkout = checkout
        self.programs = programs
        os.mkfifo(checkout / "output")

    def run(self, line: str) -> str:
        """Run a line; one that ends its program early is a pipe into `grep` and `pkill`."""
        early = ENDED_EARLY.fullmatch(line)
        command, word, ending = early.groups() if early else (line, "", "")
        variable = VARIABLE.match(command)
        # `make test` tells its own make to print folders, which no person sees.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(MAKE)}
        told = subprocess.run(
            ["sh", "-c", command],
            cwd=self.checkout,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        if "\0" not in told:
            return told
        program, *arguments = told.rstrip("\0").split("\0")
        variables = {variable[1]: variable[2]} if variable else {}
        return self._run(program, arguments, variables, word, ending)

    def _run(
        self, program: str, arguments: list[str], variables: Mapping[str, str], word: str, ending: str
    ) -> str:
        output = self.checkout / "output"
        self.programs.send((str(output), program, arguments, variables))
        pid, lines = self.programs.recv(), []
        with output.open() as printed:
            for line in printed:
                lines.append(line)
                if word and word in line:
                    os.kill(pid, signal.Signals[f"SIG{ending}"])
                    word = ""
        return "".join(lines)


@pytest.fixture
def shell(fresh_clone: Path, tmp_path: Path) -> Iterator[Shell]:
    # Not in pytest's folder, which the ERP's user may not enter where the tests are root's.
    data_dir, checkout = settings().data_dir / "tour", fresh_clone
    copy_manifests(data_dir)
    (checkout / ".venv" / "bin").mkdir(parents=True)
    for program in ("sales-assets", "dagster"):
        (checkout / ".venv" / "bin" / program).write_text(TELL)
        (checkout / ".venv" / "bin" / program).chmod(0o755)
    (checkout / ".venv" / ".installed").touch()
    with Listener(str(tmp_path / "tour")) as listener:
        variables = {
            "TOUR": str(tmp_path / "tour"),
            "DAGSTER_HOME": str(checkout),
            "SALES_DATA_DIR": str(data_dir),
            **MODELS_ALONE,
        }
        process = PythonProcess("-c", LOADED, environment=variables, checkout=checkout)
        with listener.accept() as programs:
            yield Shell(checkout, programs)
            programs.send(None)
        process.wait()
    stop_servers(data_dir)


def find_missing(expected: str, printed: str) -> list[str]:
    """The lines that are not among what was printed; `…` stands for anything."""
    text = " ".join(printed.split())
    patterns = {
        line: ".*?".join(re.escape(" ".join(piece.split())) for piece in line.split("…"))
        for line in expected.splitlines()
    }
    return [line for line, pattern in patterns.items() if not re.search(pattern, text)]


@pytest.mark.exhaustive
def test_every_command_of_the_tour_prints_what_the_tour_says(shell: Shell) -> None:
    assert len(STEPS) > 8
    wrong = ""
    for commands, expected in STEPS:
        printed = "".join(shell.run(line) for line in commands.splitlines())
        if missing := find_missing(expected, printed):
            wrong += f"{commands}\n{missing} is not in:\n{printed}\n"
    if wrong:
        pytest.fail(wrong, pytrace=False)
