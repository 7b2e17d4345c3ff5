"""The console script `sales-assets`, also `python -m sales_assets.commands`: its commands and their options.

What a command does belongs to the module of its name. It is imported only when called: loading the location
takes seconds, and the doctor must start even if settings are invalid.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from threading import Event
from typing import Any

_FIRST = "first business day, as YYYY-MM-DD"
_LAST = "last business day, as YYYY-MM-DD"
_INTERRUPTED = "\nInterrupted. What was stored before is kept. Run the command again to finish."
_INTERRUPTED_CODE = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        0 for success, 1 for a failure, 2 for wrong arguments or settings, 130 if it was interrupted.
    """
    parser = build_parser()
    options = parser.parse_args(arguments)
    is_interrupted = _listen_to_signals()
    try:
        return _run(options, parser, is_interrupted)
    except KeyboardInterrupt:
        print(_INTERRUPTED, file=sys.__stdout__, flush=True)
        if arguments is None:  # the process is the command's: what libraries say of an unclean end is noise
            os._exit(_INTERRUPTED_CODE)
        return _INTERRUPTED_CODE


def _listen_to_signals() -> Event:
    """Let Ctrl-C and `kill` raise a KeyboardInterrupt, and note it: a library may drop one while it loads."""
    is_interrupted = Event()

    def interrupt(*_: object) -> None:
        is_interrupted.set()
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under `nohup`
            signal.signal(number, interrupt)
    return is_interrupted


def _run(options: argparse.Namespace, parser: argparse.ArgumentParser, is_interrupted: Event) -> int:
    # Imported here, because Ctrl-C may come while Dagster is imported, too.
    from sales_assets.commands.console import UsageError, print_line  # noqa: PLC0415
    from sales_assets.commands.mendable import explain  # noqa: PLC0415
    from sales_assets.errors import RefusedError, UnavailableError  # noqa: PLC0415
    from sales_assets.private_apis.interruptions import pass_on_interruptions  # noqa: PLC0415
    from sales_assets.private_apis.loading import load_for_good  # noqa: PLC0415
    from sales_assets.settings import settings  # noqa: PLC0415

    try:
        if options.command != "doctor":
            settings()  # invalid settings end the command before anything else is loaded
        with pass_on_interruptions(is_interrupted.set):
            with load_for_good():
                command = import_module(f"sales_assets.commands.{options.command.replace('-', '_')}")
            code = 0 if is_interrupted.is_set() else int(command.run(options))
        if is_interrupted.is_set():  # and it was dropped, or taken for an error
            raise KeyboardInterrupt
    except (RefusedError, UnavailableError) as error:
        print_line(str(error))
        return 1
    except (UsageError, ValueError) as error:
        parser.error(str(error))
    except BrokenPipeError:  # the reader left, as in `make doctor | head`
        _discard_output()
        return 1
    except Exception as error:
        if (sentence := explain(error)) is None:
            raise
        print_line(sentence)
        return 1
    return code


def _discard_output() -> None:
    """Write what is still to be printed to nowhere: at exit, Python would fail to print it."""
    if sys.__stdout__ is not None:
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a device
            os.dup2(nowhere.fileno(), sys.__stdout__.fileno())


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of all commands and their options."""
    parser = argparse.ArgumentParser(
        prog="sales-assets", description="Commands of the sales_assets code location."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_local_commands(commands)
    _add_commands_that_look(commands)
    _add_commands_that_run(commands)
    return parser


def _add_local_commands(commands: Any) -> None:
    """Add what starts, fills and stops the servers of a laptop."""
    commands.add_parser("demo", help="run the last 30 days from the embedded ERP to gold")
    files = commands.add_parser("demo-files", help="start the local S3 and register its files as partitions")
    files.add_argument("files", nargs="*", metavar="FILE", help="a file to put into the local S3 first")
    psql = commands.add_parser("psql", help="open the embedded ERP with psql, as the owner of its tables")
    psql.add_argument("sql", nargs="?", metavar="SQL", help="statements to run instead")
    commands.add_parser("stop", help="stop the embedded ERP and the emulators of Airbyte and S3")
    commands.add_parser("reset", help="stop the local servers and delete their data, unless it is in use")


def _add_commands_that_look(commands: Any) -> None:
    """Add what shows or tests something and changes no data."""
    commands.add_parser("doctor", help="check every setting, connection and permission")
    commands.add_parser("dashboard", help="open the sales dashboard in the browser, or say where it is")
    commands.add_parser("docs", help="build the data dictionary: every table and column, as one page")
    sql = commands.add_parser("sql", help="query the warehouse, read-only, without holding its file")
    sql.add_argument("query", nargs="?", help="a query; without one, queries are read from the terminal")
    sql.add_argument("--format", choices=["table", "csv", "json"], default="table")
    alerts = commands.add_parser("alerts", help="send a test message to each channel of alerts")
    alerts.add_argument("action", choices=["test"])
    metrics = commands.add_parser("metrics", help="serve metrics to Prometheus, from Dagster's web server")
    metrics.add_argument(
        "--url", default="http://localhost:3000", help="the web server; default: %(default)s"
    )
    metrics.add_argument("--host", default="localhost", help="the address to serve on; default: %(default)s")
    metrics.add_argument("--port", type=int, default=9464, help="default: %(default)s")
    metrics.add_argument("--show", action="store_true", help="print the numbers once instead of serving them")


def _add_commands_that_run(commands: Any) -> None:
    """Add what changes data, history or files of the project."""
    backfill = commands.add_parser("backfill", help="run a range of days in as few runs as possible")
    backfill.add_argument("first", metavar="FROM", help=_FIRST)
    backfill.add_argument("last", metavar="TO", help=_LAST)
    repair = commands.add_parser(
        "repair", help="list what is missing, failed, stale or different from the ERP"
    )
    repair.add_argument(
        "--from", dest="first", metavar="FROM", help=f"{_FIRST}; default: the first partition"
    )
    repair.add_argument("--to", dest="last", metavar="TO", help=f"{_LAST}; default: yesterday")
    repair.add_argument("--outdated", action="store_true", help="plan days that older code made, too")
    repair.add_argument("--run", action="store_true", help="run the plan instead of only showing it")
    approve = commands.add_parser("approve", help="publish what was held back, or list it")
    approve.add_argument("what", nargs="?", help="a month, as YYYY-MM, or a model; default: list what waits")
    approve.add_argument("--by", help="who approves; default: the user of this machine")
    approve.add_argument("--why", default="", help="the reason, which is recorded")
    retention = commands.add_parser("retention", help="list old history that nothing reads any more")
    retention.add_argument("--run", action="store_true", help="remove it instead of only listing it")
    commands.add_parser("airbyte-snapshot", help="rewrite the snapshot of Airbyte's connections")


if __name__ == "__main__":
    sys.exit(main())
