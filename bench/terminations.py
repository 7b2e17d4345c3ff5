"""Terminates runs at random moments through a real web server, and looks at what is left.

A run that is terminated must be Canceled within ten seconds, its processes gone, the warehouse's lock free,
and the stored rows as before. Dagster lets a run that is starting only be forced to end: its process then
loads to the end and stops before the first step. Each combination of executor and engine has a web server of
its own; Snowflake is the tests' stand-in. It exits with 1 if a run ended otherwise; `--help` has the options.
"""

import argparse
import os
import random
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.backfill import print_line
from bench.dagster_server import DagsterServer, running_server
from bench.erp import start_bench_erp
from bench.processes import dump_threads
from sales_assets.demo.erp.postgres_server import stop_server
from sales_assets.operations.repair.gaps import range_tags
from sales_assets.settings import ROOT
from sales_assets.warehouse.duckdb import DuckDBWarehouse
from sales_assets.warehouse.file_lock import lock_database
from sales_assets.warehouse.snowflake import SnowflakeWarehouse
from sales_assets_tests.support.snowflake import redirect_connections, run_emulator

FOLDER = ROOT / ".data" / "bench" / "terminations"
FIRST, LAST = "2025-01-01", "2025-01-03"
ORDERS, DAYS = 500, 5
WITHIN_SECONDS, LATEST_SECONDS = 10.0, 40.0
TABLES = ("raw.raw_orders", "raw.raw_customers", "silver.silver_enriched_orders", "gold.fct_orders")
ACCOUNT = {f"SNOWFLAKE_{name}": "x" for name in ("ACCOUNT", "USER", "ROLE", "WAREHOUSE", "PASSWORD")}


@dataclass(frozen=True)
class Ending:
    """How a run ended.

    Attributes:
        moment: Seconds after its launch at which it was terminated.
        status: That of the run, when nothing happened any more.
        seconds: Until the run had ended and its processes were gone.
        wrong: What is not as it must be; empty if all is well.
    """

    moment: float
    status: str
    seconds: float
    wrong: tuple[str, ...]


def main() -> int:
    """Terminate as many runs as asked for, spread over the combinations, and print what became of them."""
    options = _parse()
    executors, engines = ("in process", "multiprocess"), ("DuckDB", "Snowflake")
    all_combinations = [Combination(executor, engine) for engine in engines for executor in executors]
    print_line(f"seed {options.seed}; a run must have ended within {WITHIN_SECONDS:g} s\n")
    print_line(f"{'executor, engine':25}{'moment s':>9}{'ended s':>9}  outcome")
    chosen = [each for each in all_combinations if options.only in str(each)]
    wrong = 0
    shutil.rmtree(FOLDER, ignore_errors=True)
    url = start_bench_erp(FOLDER.parent / "erp", ORDERS, DAYS)
    try:
        for number, each in enumerate(chosen):
            count = len(range(number, options.count, len(chosen)))
            moments = random.Random(f"{options.seed} {each}")  # noqa: S311 - moments, no secrets
            for ending in each.terminate_runs(count, moments, options.earliest, url):
                wrong += bool(ending.wrong)
                outcome = ", ".join([ending.status, *ending.wrong])
                print_line(f"{each!s:25}{ending.moment:9.2f}{ending.seconds:9.2f}  {outcome}")
    finally:
        stop_server(FOLDER.parent / "erp")
    print_line(f"\n{options.count} runs terminated, {wrong} wrong")
    return int(wrong > 0)


@dataclass(frozen=True)
class Combination:
    """An executor and an engine, with a warehouse and Dagster's records of their own.

    Attributes:
        executor: How steps are executed.
        engine: What the warehouse is.
    """

    executor: str
    engine: str

    def __str__(self) -> str:
        """Both."""
        return f"{self.executor} {self.engine}"

    @property
    def home(self) -> Path:
        """The folder of its records."""
        return FOLDER / str(self).replace(" ", "_").lower()

    def terminate_runs(
        self, count: int, moments: random.Random, earliest: float, url: str
    ) -> Iterator[Ending]:
        """Run the days once, then again and again, each time terminated at a random moment."""
        self.home.mkdir(parents=True)
        with self.serving(url) as server:
            began = time.monotonic()
            first = server.launch(server.select(), range_tags(FIRST, LAST))
            server.wait_for_end(first)
            took = time.monotonic() - began
            if (status := server.read_status(first)) != "SUCCESS":
                sys.exit(f"The first run, {self}, ended as {status}: see {self.home}.")
            stored, idle = self.count_rows(), server.list_processes()
            print_line(f"{self}: a whole run takes {took:.0f} s and stores {stored}")
            for _ in range(count):
                moment = moments.uniform(min(earliest, took), min(took, LATEST_SECONDS))
                yield self.terminate_one(server, moment, idle, stored)

    def terminate_one(
        self, server: DagsterServer, moment: float, idle: set[int], stored: dict[str, int]
    ) -> Ending:
        """Launch a run, terminate it, and look at what is left."""
        run = server.launch(server.select(), range_tags(FIRST, LAST))
        time.sleep(moment)
        asked = time.monotonic()
        is_forced = server.terminate(run)
        server.wait_for_end(run, WITHIN_SECONDS)
        remaining = max(0.0, WITHIN_SECONDS - time.monotonic() + asked)
        server.wait_until(lambda: not server.list_processes() - idle, remaining / 2)
        dump_threads(server.list_processes() - idle)
        server.wait_until(lambda: not server.list_processes() - idle, remaining / 2)
        seconds = time.monotonic() - asked
        left, status = server.list_processes() - idle, server.read_status(run)
        wrong = []
        if status not in ("CANCELED", "SUCCESS"):
            wrong.append(f"not ended: {server.read_last_message(run)}")
        if left and not is_forced:
            wrong.append(f"{len(left)} processes left")
        if self.engine == "DuckDB" and not self.is_lock_free():
            wrong.append("lock held")
        server.wait_for_end(run)
        server.wait_until(lambda: not server.list_processes() - idle)
        if (found := self.count_rows()) != stored:
            wrong.append(f"stored {found} instead of {stored}")
        return Ending(moment, f"{status}{' by force' if is_forced else ''}", seconds, tuple(wrong))

    @contextmanager
    def serving(self, url: str) -> Iterator[DagsterServer]:
        """A web server for it, with an empty warehouse."""
        variables = {
            "ERP_POSTGRES_URL": url,
            "SALES_DATA_DIR": os.fspath(self.home / "data"),
            "TERMINATIONS_EXECUTOR": self.executor,
        }
        with ExitStack() as stack:
            if self.engine == "Snowflake":
                port = stack.enter_context(run_emulator(self.home))
                stack.enter_context(redirect_connections(port))
                variables |= ACCOUNT | {"DAGSTER_DEPLOYMENT": "prod", "SNOWFLAKE_DATABASE": "SALES"}
                variables["EMULATOR_PORT"] = str(port)
            server = running_server("bench.terminations_location", self.home, variables)
            yield stack.enter_context(server)

    def count_rows(self) -> dict[str, int]:
        """How many rows each table has."""
        query = " union all ".join(f"select '{name}' as t, count(*) as n from {name}" for name in TABLES)
        if self.engine == "DuckDB":
            rows = DuckDBWarehouse(database=os.fspath(self.home / "data" / "sales.duckdb")).query(query)
        else:
            rows = SnowflakeWarehouse(account="a", user="u", password="p", database="SALES").query(query)  # noqa: S106 - a stand-in
        return {str(table): int(count) for table, count in rows.itertuples(index=False)}

    def is_lock_free(self) -> bool:
        """Whether the warehouse can be written right now."""
        file = self.home / "data" / "sales.duckdb"
        try:
            with lock_database(file, exclusive=True, caller="bench", timeout_seconds=0):
                return True
        except Exception:
            return False


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50, help="how many runs are terminated in all")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments")
    parser.add_argument("--earliest", type=float, default=0.0, help="seconds after the launch")
    parser.add_argument("--only", default="", help="part of a combination, such as 'multiprocess Snowflake'")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
