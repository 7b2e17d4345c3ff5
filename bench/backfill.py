"""Measures backfills: whole processes for 1, 30 and 365 days, as ratios to a bare script; `make bench`.

The ERP has 3 000 orders of three lines per day, 1.1 million in the year, and ten times as many on 30 days to
measure growth. Every variant starts without a warehouse and run history, but with dbt's project parsed.
Dagster's records are in SQLite, as on a laptop, and in PostgreSQL, as in production. BIG=1 adds a year of ten
million lines.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bench.copies import copy_project, copy_stock_project, reset
from bench.erp import LINES, start_bench_erp
from bench.records import create_database, keep_records_in
from sales_assets.demo.erp.postgres_server import start_server, stop_server
from sales_assets.settings import ROOT

FOLDER = ROOT / ".data" / "bench"
CHECKOUT, STOCK, BARE = (FOLDER / name for name in ("checkout", "stock", "bare"))
ON_POSTGRES = FOLDER / "on_postgres"
"""A copy whose Dagster keeps its records in PostgreSQL."""

FIRST = date(2025, 1, 1)
ORDERS = 3_000
PER_PARTITION_DAYS = 2
TURNS = 3


@dataclass(frozen=True)
class Cost:
    """The cost of a process and its children.

    Attributes:
        wall: Seconds until it ended.
        cpu: Seconds of processor time, without the ERP's.
        peak: Peak memory of the largest process, in megabytes.
    """

    wall: float
    cpu: float
    peak: float


def main() -> None:
    """Create the ERP, measure every variant, and print the results."""
    prepare()
    url = start_bench_erp(FOLDER / "erp", ORDERS, 366)
    print_line(f"\n{'':34}{'wall s':>8}{'ratio':>7}{'cpu s':>8}{'ratio':>7}{'peak MB':>9}{'orders/s':>10}")
    for days in (1, 30, 365):
        variants = [("bare", days), ("ours", days), ("ours, PostgreSQL", days)]
        bare, ours, on_postgres = measure_in_turns(variants, url)
        print_row(f"{days} day(s): bare script", bare, bare, days * ORDERS)
        print_row(f"{days} day(s): sales_assets", ours, bare, days * ORDERS)
        print_row("  with records in PostgreSQL", on_postgres, bare, days * ORDERS)
        if days > 1:
            print_row(f"{days} days: stock, a range", run("stock", days, url), bare, days * ORDERS)
    each = run("per partition", PER_PARTITION_DAYS, url)
    one = Cost(each.wall / PER_PARTITION_DAYS, each.cpu / PER_PARTITION_DAYS, each.peak)
    print_line(f"stock, a run per partition: {one.wall:.0f} s a day, from {PER_PARTITION_DAYS} days; that is")
    print_line(
        f"  {one.wall * 30 / 60:.0f} min for 30 days and {one.wall * 365 / 3600:.1f} h for 365, extrapolated"
    )
    measure_growth(url)
    if os.environ.get("BIG"):
        big = run("ours", 365, start_bench_erp(FOLDER / "erp", 3 * ORDERS, 366))
        print_line(
            f"365 days of {3 * ORDERS:,} orders: {big.wall:.0f} s, {big.cpu:.0f} s of CPU, {big.peak:.0f} MB"
        )
    stop_server(FOLDER / "erp")


def measure_growth(url: str) -> None:
    """Measure 30 days with ten times the rows."""
    tenfold = start_bench_erp(FOLDER / "erp", 10 * ORDERS, 31)
    few, many = run("ours", 30, url), run("ours", 30, tenfold)
    print_line(
        f"30 days, rows x 10: wall x {many.wall / few.wall:.1f}, cpu x {many.cpu / few.cpu:.1f}, "
        f"peak {few.peak:.0f} → {many.peak:.0f} MB"
    )


def measure_in_turns(variants: Sequence[tuple[str, int]], url: str) -> list[Cost]:
    """Measure the variants alternately several times; returns the median run of each."""
    costs = [[run(variant, days, url) for variant, days in variants] for _ in range(TURNS)]
    ordered = [sorted(of_variant, key=lambda cost: cost.wall) for of_variant in zip(*costs, strict=True)]
    return [of_variant[TURNS // 2] for of_variant in ordered]


def run(variant: str, days: int, url: str) -> Cost:
    """Run a variant in fresh processes."""
    first, last = FIRST.isoformat(), (FIRST + timedelta(days=days - 1)).isoformat()
    python = [sys.executable, "-W", "ignore"]
    homes = {"ours": CHECKOUT, "bare": BARE, "ours, PostgreSQL": ON_POSTGRES}
    home = reset(homes.get(variant, STOCK))
    environment = {
        "ERP_POSTGRES_URL": url,
        "SALES_DUCKDB_PATH": os.fspath(home / ".data" / "sales.duckdb"),
        "PYTHONPATH": os.fspath(home),
        "DAGSTER_HOME": os.fspath(home if (home / "dagster.yaml").exists() else home / ".data"),
    }
    if home == ON_POSTGRES:
        keep_records_in(create_database(start_server(FOLDER / "erp"), "dagster"), home)
    warehouse = environment["SALES_DUCKDB_PATH"]
    one_day = ["-m", "dagster", "asset", "materialize", "--select", "*", "-m", "bench.stock", "--partition"]
    ours = [["-m", "sales_assets.commands", "backfill", first, last]]
    commands = {
        "bare": [["bench/bare.py", url, warehouse, first, last]],
        "ours": ours,
        "ours, PostgreSQL": ours,
        "stock": [["bench/stock.py", first, last]],
        "per partition": [[*one_day, (FIRST + timedelta(days=n)).isoformat()] for n in range(days)],
    }
    return add_up(measure([*python, *command], home, environment) for command in commands[variant])


def measure(command: Sequence[str], folder: Path, environment: dict[str, str]) -> Cost:
    """Run a command to its end; if it fails, exit with the end of its output."""
    started = time.perf_counter()
    with (folder / ".data" / "log").open("w") as log:
        child = subprocess.Popen(  # noqa: S603 - the project's own commands
            command, cwd=folder, env=os.environ | environment, stdout=log, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{(folder / '.data' / 'log').read_text()[-3000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(time.perf_counter() - started, cpu, usage.ru_maxrss / 1024)


def add_up(costs: Iterable[Cost]) -> Cost:
    """Add up the costs of several processes that ran one after the other."""
    walls, cpus, peaks = zip(*((cost.wall, cost.cpu, cost.peak) for cost in costs), strict=True)
    return Cost(sum(walls), sum(cpus), max(peaks))


def prepare() -> None:
    """Create a copy of the project for each variant, with dbt's project parsed."""
    print_line("Parsing dbt's project, creating the ERP (a minute the first time) …")
    for copy in (CHECKOUT, BARE, ON_POSTGRES):
        copy_project(copy)
    copy_stock_project(STOCK)
    url = start_bench_erp(FOLDER / "erp", ORDERS, 366)
    for variant in ("bare", "ours", "ours, PostgreSQL"):
        run(variant, 1, url)


def print_row(name: str, cost: Cost, bare: Cost, rows: int) -> None:
    """Print a row of the table; an order counts as one, although its lines are read and added up too."""
    ratios = cost.wall / bare.wall, cost.cpu / bare.cpu
    print_line(
        f"{name:34}{cost.wall:8.1f}{ratios[0]:7.2f}{cost.cpu:8.1f}{ratios[1]:7.2f}{cost.peak:9.0f}"
        f"{rows / cost.wall:10,.0f}"
    )


def print_line(text: str) -> None:
    """Print a line immediately."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    print_line(f"{ORDERS:,} orders of {LINES} lines per day.")
    main()
