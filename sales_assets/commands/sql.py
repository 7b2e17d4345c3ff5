"""`sales-assets sql`: queries on the warehouse, read-only, so that nobody holds its file with a shell.

Without a query it is a prompt, which has the file only while a query runs. The lock is the warehouse's own.
"""

import re
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator

import dagster as dg
import pandas as pd

from sales_assets.commands.console import print_line
from sales_assets.errors import RefusedError
from sales_assets.resources import build_resources
from sales_assets.settings import settings
from sales_assets.warehouse.engine import WarehouseReader

_QUERIES = ("describe", "explain", "from", "select", "show", "summarize", "values", "with")
_FIRST_WORD = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(\w*)", re.DOTALL)
_HELP = "A query, ended by a semicolon; Ctrl-D leaves. The tables: show all tables;"

FORMATS: dict[str, Callable[[pd.DataFrame], str]] = {
    "table": lambda rows: str(rows.to_string(index=False)) if len(rows) else "No rows.",
    "csv": lambda rows: str(rows.to_csv(index=False)).rstrip("\n"),
    "json": lambda rows: str(rows.to_json(orient="records", date_format="iso", double_precision=15)),
}
"""How rows can be printed, by the name of the option."""


def run(options: Namespace) -> int:
    """Print the rows of the query, or of each query that is typed."""
    needed = {"warehouse": build_resources(settings())["warehouse"]}
    with dg.build_resources(needed) as resources:
        if options.query:
            print_line(FORMATS[options.format](query(resources.warehouse, options.query)))
            return 0
        if sys.stdin.isatty():
            print_line(_HELP)
        return answer(read_queries(), resources.warehouse, options.format)


def query(warehouse: WarehouseReader, sql: str) -> pd.DataFrame:
    """Run one query.

    Raises:
        RefusedError: It is another kind of statement, or the warehouse refuses it; says why.
    """
    word = _FIRST_WORD.findall(sql)[0].lower()
    if word not in _QUERIES:
        message = f"Only queries are run here, and this begins with '{word}'. No stored data was changed."
        raise RefusedError(message)
    try:
        return warehouse.query(sql)
    except RefusedError:
        raise
    except Exception as error:  # each engine has errors of its own
        message = f"The query failed: {error} No stored data was changed."
        raise RefusedError(message) from error


def answer(queries: Iterator[str], warehouse: WarehouseReader, format_: str) -> int:
    """Print the rows of each query, or why there are none; returns 1 if one failed."""
    code = 0
    for sql in queries:
        try:
            print_line(FORMATS[format_](query(warehouse, sql)))
        except RefusedError as error:
            print_line(str(error))
            code = 1
    return code


def read_queries() -> Iterator[str]:
    """Read queries from the terminal or a pipe, each ended by a semicolon at the end of a line."""
    lines: list[str] = []
    while True:
        try:
            lines.append(input("" if not sys.stdin.isatty() else "   … " if lines else "sql> "))
        except EOFError:
            break
        if lines[-1].rstrip().endswith(";"):
            yield "\n".join(lines)
            lines.clear()
    if "".join(lines).strip():
        yield "\n".join(lines)
