"""Measures a backfill in chunks of days with 1, 2 and 4 workers: `python -m bench.workers`, ten minutes.

Each chunk is a run in a process of its own, as in a pod or a job of Ray. It loads days of the ERP up to
silver; what dbt does is the warehouse's work. First each run has a DuckDB file of its own, as Snowflake takes
several writers; then all have one, which one process writes at a time. Dagster's records are each run's own.
SMALL=1 tries it in two minutes.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import duckdb

from bench.backfill import FIRST, FOLDER, print_line
from bench.copies import copy_project, reset
from bench.erp import start_bench_erp
from sales_assets.demo.erp.postgres_server import stop_server

CHECKOUT = FOLDER / "workers"
WORKERS = (1, 2, 4)
DAYS, CHUNK_DAYS = 28, 7
ORDERS = 3_000 if os.environ.get("SMALL") else 30_000
ASSETS = "raw_orders,raw_customers,silver_enriched_orders"


def main() -> None:
    """Create the ERP, and measure each number of workers with an empty warehouse."""
    copy_project(CHECKOUT)
    print_line("Creating the ERP (a minute the first time), parsing dbt's project …")
    url = start_bench_erp(FOLDER / "erp", ORDERS, 31)
    chunks = split_days()
    measure_backfill(chunks[:1], 1, url, shared=True)
    print_line(f"{DAYS} days of {ORDERS:,} orders in {len(chunks)} runs, on {os.cpu_count()} cores")
    for shared in (False, True):
        print_line(f"\n{'One file for all' if shared else 'A file for each run'}:")
        print_line(f"{'workers':>7}{'wall s':>9}{'ratio':>7}{'orders/s':>10}{'cpu s':>8}{'rows stored':>13}")
        alone = 0.0
        for workers in WORKERS:
            wall, cpu = measure_backfill(chunks, workers, url, shared=shared)
            alone = alone or wall
            rate = DAYS * ORDERS / wall
            print_line(f"{workers:7}{wall:9.1f}{alone / wall:7.2f}{rate:10,.0f}{cpu:8.0f}{count_rows():13,}")
    stop_server(FOLDER / "erp")


def split_days() -> list[str]:
    """The chunks, as Dagster names ranges of partitions."""
    firsts = [FIRST + timedelta(days=number) for number in range(0, DAYS, CHUNK_DAYS)]
    return [f"{first}...{first + timedelta(days=CHUNK_DAYS - 1)}" for first in firsts]


def measure_backfill(chunks: Sequence[str], workers: int, url: str, *, shared: bool) -> tuple[float, float]:
    """Run all chunks, so many at a time, with one warehouse or one each.

    Returns:
        The seconds until the last has ended, and those of processor time without the ERP's.
    """
    home = reset(CHECKOUT)
    common = {"ERP_POSTGRES_URL": url, "PYTHONPATH": os.fspath(home)}

    def run_chunk(chunk: str) -> None:
        file = home / ".data" / f"sales.duckdb{'' if shared else '.' + chunk[:10]}"
        records = home / ".data" / "history" / chunk[:10]
        records.mkdir(parents=True)
        own = {"DAGSTER_HOME": os.fspath(records), "SALES_DUCKDB_PATH": os.fspath(file)}
        select = ["--select", ASSETS, "--partition-range", chunk, "-m", "sales_assets.definitions"]
        done = subprocess.run(  # noqa: S603 - Dagster's own command
            [sys.executable, "-W", "ignore", "-m", "dagster", "asset", "materialize", *select],
            cwd=home,
            env=os.environ | common | own,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            message = f"The run of {chunk} failed:\n{done.stderr[-3000:]}"
            raise RuntimeError(message)

    started, used = time.perf_counter(), read_processor_time()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(run_chunk, chunks))
    return time.perf_counter() - started, read_processor_time() - used


def read_processor_time() -> float:
    """Seconds of processor time of all processes that this one waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def count_rows() -> int:
    """The rows that are stored in silver, of all files."""
    total = 0
    for file in (CHECKOUT / ".data").glob("sales.duckdb*"):
        if file.is_file() and not file.name.endswith((".lock", ".queue", ".wal")):
            with duckdb.connect(os.fspath(file), read_only=True) as warehouse:
                [(count,)] = warehouse.execute(
                    "select count(*) from silver.silver_enriched_orders"
                ).fetchall()
            total += int(count)
    return total


if __name__ == "__main__":
    main()
