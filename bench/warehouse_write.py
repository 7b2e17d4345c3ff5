"""Measures what safety costs: storing 1 000 000 orders with this project's IO manager and with Dagster's own.

Both replace the same partition in a DuckDB file with the same frame, alternately, in one process.
`make bench` prints the medians and their ratio.
"""

import gc
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
from dagster_duckdb_pandas import DuckDBPandasIOManager

from sales_assets.catalog.contracts import RAW_ORDERS_SCHEMA, storage_metadata
from sales_assets.warehouse.duckdb import DuckDBWarehouseIOManager

ROWS = 1_000_000
TURNS = 7
DAY = "2025-01-15"


def generate_orders(rows: int) -> pd.DataFrame:
    """Generate a day of orders, with the types that the ERP query returns."""
    random = np.random.default_rng(7)
    gross = random.integers(100, 10**6, rows) / 100
    at = pd.Timestamp(DAY, tz="UTC") + pd.to_timedelta(random.integers(0, 86_400, rows), unit="s")
    return pd.DataFrame(
        {
            "order_id": pd.array(np.arange(rows), dtype="Int64"),
            "customer_id": pd.array(random.integers(1, 10**6, rows), dtype="Int64"),
            "order_date": at.astype("datetime64[us, UTC]"),
            "status": random.choice(np.array(["completed", "shipped"], dtype=object), rows),
            "gross_amount": gross,
            "total_amount": np.round(gross * 0.9, 4),
            "line_count": pd.array(random.integers(1, 9, rows), dtype="Int32"),
            "updated_at": at.astype("datetime64[us, UTC]"),
        }
    )


def build_writer(io_manager: Any, frame: pd.DataFrame) -> Callable[[], None]:
    """Build a function that stores the frame once."""

    @dg.asset(
        partitions_def=dg.DailyPartitionsDefinition("2025-01-01"),
        metadata=storage_metadata("raw", RAW_ORDERS_SCHEMA, "order_date"),
    )
    def raw_orders() -> pd.DataFrame:
        return frame

    def write() -> None:
        instance = dg.DagsterInstance.ephemeral()
        resources = {"io_manager": io_manager}
        dg.materialize([raw_orders], resources=resources, partition_key=DAY, instance=instance)

    return write


def main() -> None:
    """Measure alternately and print."""
    logging.disable()
    frame = generate_orders(ROWS)
    with tempfile.TemporaryDirectory() as folder:
        writers = {
            "sales_assets": build_writer(DuckDBWarehouseIOManager(database=f"{folder}/ours.duckdb"), frame),
            "dagster-duckdb-pandas": build_writer(
                DuckDBPandasIOManager(database=f"{folder}/stock.duckdb"), frame
            ),
        }
        seconds: dict[str, list[float]] = {name: [] for name in writers}
        for turn in range(-1, TURNS):
            for name, write in writers.items():
                gc.collect()
                started = time.perf_counter()
                write()
                if turn >= 0:
                    seconds[name].append(time.perf_counter() - started)
        sizes = {path.stem: path.stat().st_size for path in Path(folder).glob("*.duckdb")}
    ratios = [ours / stock for ours, stock in zip(*seconds.values(), strict=True)]
    sys.stdout.write(f"Storing a partition of {ROWS:,} orders, {TURNS} turns each:\n")
    for name, times in seconds.items():
        sys.stdout.write(f"  {name:22} median {statistics.median(times):.2f} s, min {min(times):.2f} s\n")
    sys.stdout.write(f"  ratio, turn by turn: median {statistics.median(ratios):.2f}\n")
    sys.stdout.write(f"  file sizes: {sizes}\n")


if __name__ == "__main__":
    main()
