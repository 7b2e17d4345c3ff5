"""What a backfill costs: whole processes for 1, 30 and 365 days, as ratios to a bare script; `make bench`.

The ERP has 3 000 orders of three lines each day, 1.1 million in the year, and for the growth ten times as
many on 30 days. Every way starts without a warehouse and a history, but with dbt's project parsed. BIG=1
adds a year of ten million lines.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bench.erp import LINES, bench_erp
from sales_assets.demo.erp.postgres_server import stop_server
from sales_assets.settings import ROOT, environment_with

FOLDER = ROOT / ".data" / "bench"
CHECKOUT, STOCK, BARE = (FOLDER / name for name in ("checkout", "stock", "bare"))
FIRST = date(2025, 1, 1)
ORDERS = 3_000
PER_PARTITION_DAYS = 2


@dataclass(frozen=True)
class Cost:
    """What a process cost, with its children.

    Attributes:
        wall: Seconds until it ended.
        cpu: Seconds of processor time; the ERP's are not among them.
        peak: Megabytes of memory, of the largest process.
    """

    wall: float
    cpu: float
    peak: float


def main() -> None:
    """Build the ERP, measure every way, print."""
    prepare()
    url = bench_erp(FOLDER / "erp", ORDERS, 366)
    say(f"\n{'':34}{'wall s':>8}{'ratio':>7}{'cpu s':>8}{'ratio':>7}{'peak MB':>9}{'orders/s':>10}")
    for days, turns in ((1, 2), (30, 2), (365, 2)):
        bare, ours = in_turns([("bare", days), ("ours", days)], url, turns)
        show(f"{days} day(s): bare script", bare, bare, days * ORDERS)
        show(f"{days} day(s): sales_assets", ours, bare, days * ORDERS)
        if days > 1:
            show(f"{days} days: stock, a range", run("stock", days, url), bare, days * ORDERS)
    each = run("per partition", PER_PARTITION_DAYS, url)
    one = Cost(each.wall / PER_PARTITION_DAYS, each.cpu / PER_PARTITION_DAYS, each.peak)
    say(f"stock, a run per partition: {one.wall:.0f} s a day, from {PER_PARTITION_DAYS} days; that is")
    say(f"  {one.wall * 30 / 60:.0f} min for 30 days and {one.wall * 365 / 3600:.1f} h for 365, extrapolated")
    growth(url)
    if os.environ.get("BIG"):
        big = run("ours", 365, bench_erp(FOLDER / "erp", 3 * ORDERS, 366))
        say(f"365 days of {3 * ORDERS:,} orders: {big.wall:.0f} s, {big.cpu:.0f} s of CPU, {big.peak:.0f} MB")
    stop_server(FOLDER / "erp")


def growth(url: str) -> None:
    """Thirty days with ten times the rows."""
    tenfold = bench_erp(FOLDER / "erp", 10 * ORDERS, 31)
    few, many = run("ours", 30, url), run("ours", 30, tenfold)
    say(
        f"30 days, rows x 10: wall x {many.wall / few.wall:.1f}, cpu x {many.cpu / few.cpu:.1f}, "
        f"peak {few.peak:.0f} → {many.peak:.0f} MB"
    )


def in_turns(ways: Sequence[tuple[str, int]], url: str, turns: int) -> list[Cost]:
    """Each way several times, one after the other; the fastest of each."""
    costs = [[run(way, days, url) for way, days in ways] for _ in range(turns)]
    return [min(of_way, key=lambda cost: cost.wall) for of_way in zip(*costs, strict=True)]


def run(way: str, days: int, url: str) -> Cost:
    """Run one way in fresh processes."""
    first, last = FIRST.isoformat(), (FIRST + timedelta(days=days - 1)).isoformat()
    python = [sys.executable, "-W", "ignore"]
    home = forgotten(CHECKOUT if way == "ours" else BARE if way == "bare" else STOCK)
    environment = {
        "ERP_POSTGRES_URL": url,
        "SALES_DUCKDB_PATH": os.fspath(home / ".data" / "sales.duckdb"),
        "PYTHONPATH": os.fspath(home),
        "DAGSTER_HOME": os.fspath(home if (home / "dagster.yaml").exists() else home / ".data"),
    }
    warehouse = environment["SALES_DUCKDB_PATH"]
    one_day = ["-m", "dagster", "asset", "materialize", "--select", "*", "-m", "bench.stock", "--partition"]
    commands = {
        "bare": [["bench/bare.py", url, warehouse, first, last]],
        "ours": [["-m", "sales_assets.commands", "backfill", first, last]],
        "stock": [["bench/stock.py", first, last]],
        "per partition": [[*one_day, (FIRST + timedelta(days=n)).isoformat()] for n in range(days)],
    }
    return total(measured([*python, *command], home, environment) for command in commands[way])


def measured(command: Sequence[str], folder: Path, environment: dict[str, str]) -> Cost:
    """Run a command to its end; a failure shows what it said."""
    started = time.perf_counter()
    with (folder / ".data" / "log").open("w") as log:
        child = subprocess.Popen(  # noqa: S603 - the project's own commands
            command, cwd=folder, env=environment_with(environment), stdout=log, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{(folder / '.data' / 'log').read_text()[-3000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(time.perf_counter() - started, cpu, usage.ru_maxrss / 1024)


def total(costs: Iterable[Cost]) -> Cost:
    """Several processes one after the other."""
    walls, cpus, peaks = zip(*((cost.wall, cost.cpu, cost.peak) for cost in costs), strict=True)
    return Cost(sum(walls), sum(cpus), max(peaks))


def prepare() -> None:
    """Copies of the project, one for each way, with dbt's project parsed."""
    for copy in (CHECKOUT, STOCK, BARE):
        shutil.rmtree(copy, ignore_errors=True)
        (copy / ".data").mkdir(parents=True)
        for name in ("sales_assets", "bench", "dbt_project"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("dagster.yaml", "pyproject.toml"):
            shutil.copy(ROOT / name, copy)
    (STOCK / "dagster.yaml").unlink()
    project = STOCK / "dbt_project" / "dbt_project.yml"
    text = project.read_text().replace("enforced: true", "enforced: false")
    project.write_text(f"{text}\ndata_tests:\n  +severity: warn\n")  # money that floats does not add up
    say("Parsing dbt's project, making the ERP (the first time, a minute) …")
    subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "parse"], cwd=STOCK / "dbt_project", check=True, stdout=-3
    )
    url = bench_erp(FOLDER / "erp", ORDERS, 366)
    for way in ("bare", "ours"):
        run(way, 1, url)


def forgotten(home: Path) -> Path:
    """A copy without warehouse and history; what dbt parsed stays."""
    for path in (home / ".data").iterdir():
        if path.name.startswith("sales.duckdb") and not path.name.endswith(".target"):
            path.unlink()
        elif path.name in ("dagster", "history", "schedules", "storage"):
            shutil.rmtree(path)
    return home


def show(name: str, cost: Cost, bare: Cost, rows: int) -> None:
    """A line of the table; rows are orders, each with its lines read and added up."""
    ratios = cost.wall / bare.wall, cost.cpu / bare.cpu
    say(
        f"{name:34}{cost.wall:8.1f}{ratios[0]:7.2f}{cost.cpu:8.1f}{ratios[1]:7.2f}{cost.peak:9.0f}"
        f"{rows / cost.wall:10,.0f}"
    )


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    say(f"{ORDERS:,} orders of {LINES} lines a day.")
    main()
