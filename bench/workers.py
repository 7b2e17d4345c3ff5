"""Measures a backfill in chunks of days with 1, 2 and 4 workers: `python -m bench.workers`, five minutes.

Each chunk is a run in a process of its own, as in a pod or a job of Ray. It loads days of the ERP up to
silver; what dbt does is the warehouse's work. The warehouse is one DuckDB file, which one process writes at a
time, while others read the ERP. The records are those of a laptop. SMALL=1 tries it in a minute.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import duckdb

from bench.backfill import FIRST, FOLDER, copy_project, print_line, reset
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
    measure_backfill(chunks[:1], 1, url)
    print_line(f"{DAYS} days of {ORDERS:,} orders in {len(chunks)} runs, on {os.cpu_count()} cores\n")
    print_line(f"{'workers':>7}{'wall s':>9}{'ratio':>7}{'orders/s':>10}{'rows in silver':>16}")
    alone = 0.0
    for workers in WORKERS:
        seconds = measure_backfill(chunks, workers, url)
        alone = alone or seconds
        rate = DAYS * ORDERS / seconds
        print_line(f"{workers:7}{seconds:9.1f}{alone / seconds:7.2f}{rate:10,.0f}{count_rows():16,}")
    stop_server(FOLDER / "erp")


def split_days() -> list[str]:
    """The chunks, as Dagster names ranges of partitions."""
    firsts = [FIRST + timedelta(days=number) for number in range(0, DAYS, CHUNK_DAYS)]
    return [f"{first}...{first + timedelta(days=CHUNK_DAYS - 1)}" for first in firsts]


def measure_backfill(chunks: Sequence[str], workers: int, url: str) -> float:
    """Run all chunks, so many at a time; returns the seconds until the last has ended."""
    home = reset(CHECKOUT)
    environment = {
        "DAGSTER_HOME": os.fspath(home),
        "ERP_POSTGRES_URL": url,
        "PYTHONPATH": os.fspath(home),
        "SALES_DUCKDB_PATH": os.fspath(home / ".data" / "sales.duckdb"),
    }

    def run_chunk(chunk: str) -> None:
        select = ["--select", ASSETS, "--partition-range", chunk, "-m", "sales_assets.definitions"]
        command = [sys.executable, "-W", "ignore", "-m", "dagster", "asset", "materialize", *select]
        done = subprocess.run(  # noqa: S603 - Dagster's own command
            command, cwd=home, env=os.environ | environment, check=False, capture_output=True, text=True
        )
        if done.returncode:
            message = f"The run of {chunk} failed:\n{done.stderr[-3000:]}"
            raise RuntimeError(message)

    started = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(run_chunk, chunks))
    return time.perf_counter() - started


def count_rows() -> int:
    """The rows that are stored in silver."""
    with duckdb.connect(os.fspath(CHECKOUT / ".data" / "sales.duckdb"), read_only=True) as warehouse:
        [count] = warehouse.execute("select count(*) from silver.silver_enriched_orders").fetchall()[0]
    return int(count)


if __name__ == "__main__":
    main()
