"""The console script `sales-assets`, also `python -m sales_assets.commands`: its commands and their options.

What a command does belongs to the module of its name. It is imported only when called: loading the location
takes seconds, and the doctor must start even if settings are invalid.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from sales_assets.commands.console import UsageError, print_line
from sales_assets.errors import RefusedError, UnavailableError
from sales_assets.settings import settings

_FIRST = "first business day, as YYYY-MM-DD"
_LAST = "last business day, as YYYY-MM-DD"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        0 for success, 1 for a failure, 2 for wrong arguments or settings.
    """
    parser = build_parser()
    options = parser.parse_args(arguments)
    try:
        if options.command != "doctor":
            settings()  # invalid settings end the command before anything else is loaded
        command = import_module(f"sales_assets.commands.{options.command.replace('-', '_')}")
        return int(command.run(options))
    except (RefusedError, UnavailableError) as error:
        print_line(str(error))
        return 1
    except (UsageError, ValueError) as error:
        parser.error(str(error))


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of all commands and their options."""
    parser = argparse.ArgumentParser(
        prog="sales-assets", description="Commands of the sales_assets code location."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    commands.add_parser("demo", help="run the last 30 days from the embedded ERP to gold")
    commands.add_parser("demo-files", help="start the local S3 and register its files as partitions")
    commands.add_parser("stop", help="stop the embedded ERP and the emulators of Airbyte and S3")
    commands.add_parser("doctor", help="check every setting, connection and permission")
    commands.add_parser("docs", help="build the data dictionary: every table and column, as one page")
    alerts = commands.add_parser("alerts", help="send a test message to each channel of alerts")
    alerts.add_argument("action", choices=["test"])
    commands.add_parser("airbyte-snapshot", help="rewrite the snapshot of Airbyte's connections")
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
    repair.add_argument("--run", action="store_true", help="run the plan instead of only showing it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
