"""Measures a day from the request to gold through web server, daemon and queue: `python -m bench.one_day`.

Ours and stock Dagster, each as `make dev` starts it and as production has it, in turns: services with an
empty warehouse, then one day and the next. The times are those of the run's own events. On a laptop "stock"
is `dagster dev` without a `dagster.yaml`; production has its records in PostgreSQL and DuckDB as its
warehouse, for both. `--only` and `--turns` choose; SMALL=1 has fewer orders. What a run costs without
services is in `backfill.py`.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from bench.backfill import CHECKOUT, FOLDER, STOCK, print_line
from bench.copies import copy_project, copy_stock_project, reset
from bench.dagster_server import DagsterServer
from bench.erp import start_bench_erp
from bench.one_day_services import Variant
from sales_assets.catalog.names import DAILY_JOB
from sales_assets.demo.erp.postgres_server import start_server, stop_server

ORDERS = 300 if os.environ.get("SMALL") else 3_000
DAYS = ("2025-01-01", "2025-01-02")
_EVERYTHING = "__ASSET_JOB"
VARIANTS = [
    Variant("laptop, ours", CHECKOUT, "sales_assets.definitions", DAILY_JOB, True, False),
    Variant("laptop, stock", STOCK, "bench.stock", _EVERYTHING, False, False),
    Variant("production, ours", CHECKOUT, "bench.one_day_location", DAILY_JOB, True, True),
    Variant("production, stock", STOCK, "bench.stock", _EVERYTHING, False, True),
]
_HEADERS = ("to queue", "in queue", "start", "1st step", "to gold", "GOLD", "ended", "cpu s")
_LOOK_SECONDS = 0.5
"""How often to look whether a run has ended, which costs the web server time that is measured."""
_QUIET_SHARE, _QUIET_SECONDS, _PATIENCE_SECONDS = 0.2, 2.0, 120.0
_QUEUE_DAEMON = "QUEUED_RUN_COORDINATOR"
_DAEMONS = "{ instance { daemonHealth { allDaemonStatuses { daemonType healthy } } } }"


@dataclass(frozen=True)
class Day:
    """Seconds since the request at which the run of a day got on, and what it cost.

    Attributes:
        queued: It was put into the queue.
        dequeued: It left the queue.
        started: Its process began with it.
        step: Its first step began.
        gold: Its last asset of gold was stored.
        ended: It had ended.
        cpu: Seconds of processor time of all services and the run's processes, without PostgreSQL's.
    """

    queued: float
    dequeued: float
    started: float
    step: float
    gold: float
    ended: float
    cpu: float

    def list_figures(self) -> list[float]:
        """The table's figures: the spans up to gold, then gold, the end and the cost."""
        moments = [0.0, self.queued, self.dequeued, self.started, self.step, self.gold]
        return [*(after - before for before, after in pairwise(moments)), self.gold, self.ended, self.cpu]


def main() -> None:
    """Measure all variants in turns, and print each day and the ratios to stock."""
    options = _parse()
    chosen = [each for each in VARIANTS if options.only in each.name]
    copy_project(CHECKOUT)
    copy_stock_project(STOCK)
    print_line(f"Creating the ERP; {ORDERS:,} orders a day, {os.cpu_count()} cores")
    url = start_bench_erp(FOLDER / "erp", ORDERS, len(DAYS) + 1)
    print_line(f"\n{'seconds':28}" + "".join(f"{header:>9}" for header in _HEADERS))
    measured: dict[str, list[Day]] = {}
    try:
        for _ in range(options.turns):
            for variant in chosen:
                for number, day in enumerate(measure(variant, url)):
                    name = f"{variant.name}, day {number + 1}"
                    measured.setdefault(name, []).append(day)
                    print_line(f"{name:28}" + "".join(f"{each:9.1f}" for each in day.list_figures()))
    finally:
        stop_server(FOLDER / "erp")
    print_ratios(measured)


def print_ratios(measured: dict[str, list[Day]]) -> None:
    """Print how many times as long as ours, and as costly, each of stock's days was, by the medians."""
    print_line(f"\n{'stock / ours, medians':28}{'gold':>9}{'cpu':>9}")
    for name, days in measured.items():
        if "ours" in name and (stock := measured.get(name.replace("ours", "stock"))):
            gold = median(each.gold for each in stock) / median(each.gold for each in days)
            cpu = median(each.cpu for each in stock) / median(each.cpu for each in days)
            print_line(f"{name.replace(' ours,', ''):28}{gold:9.2f}{cpu:9.2f}")


def measure(variant: Variant, url: str) -> Sequence[Day]:
    """Start the services with an empty warehouse, and have them build each day."""
    home = reset(variant.home)
    for leftover in ("workspace.yaml", "schedules", "history", "logs", "storage"):
        path = home / leftover
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    variables = {
        "ERP_POSTGRES_URL": url,
        "SALES_DATA_DIR": os.fspath(home / ".data"),
        "SALES_DUCKDB_PATH": os.fspath(home / ".data" / "sales.duckdb"),
    }
    admin = start_server(FOLDER / "erp")
    with variant.serving(variables, admin) as server:
        server.wait_until(server.is_loaded)
        server.wait_until(lambda: has_queue(server))
        wait_until_quiet(server)
        return [build_day(server, variant, day) for day in DAYS]


def build_day(server: DagsterServer, variant: Variant, day: str) -> Day:
    """Ask for a day as the catalog does, wait for its end, and read when what happened."""
    selection = server.select(variant.job, checks=True)
    used, asked = server.measure_processor_time(), time.time()
    run = server.launch(selection, {"dagster/partition": day})
    server.wait_for_end(run, pause=_LOOK_SECONDS)
    cost = server.measure_processor_time() - used
    if (status := server.read_status(run)) != "SUCCESS":
        sys.exit(f"{variant.name}: the run of {day} ended as {status}: {server.read_last_message(run)}")
    seen: dict[str, list[float]] = {}
    for event in server.read_events(run):
        is_gold = (event.get("assetKey") or {"path": [""]})["path"][0] == "gold"
        kind = f"{event['eventType']}{' of gold' if is_gold else ''}"
        seen.setdefault(kind, []).append(event["timestamp"] - asked)
    wait_until_quiet(server)
    return Day(
        queued=seen["RUN_ENQUEUED"][0],
        dequeued=seen["RUN_STARTING"][0],
        started=seen["RUN_START"][0],
        step=seen["STEP_START"][0],
        gold=seen["ASSET_MATERIALIZATION of gold"][-1],
        ended=seen["RUN_SUCCESS"][0],
        cpu=cost,
    )


def has_queue(server: DagsterServer) -> bool:
    """Whether the daemon serves the queue."""
    statuses = server.ask(_DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
    return any(each["daemonType"] == _QUEUE_DAEMON and each["healthy"] for each in statuses)


def wait_until_quiet(server: DagsterServer) -> None:
    """Wait until the services use a fifth of a core at most: nobody clicks while a page still loads."""
    end = time.monotonic() + _PATIENCE_SECONDS
    used = server.measure_processor_time()
    while time.monotonic() < end:
        time.sleep(_QUIET_SECONDS)
        before, used = used, server.measure_processor_time()
        if used - before < _QUIET_SHARE * _QUIET_SECONDS:
            return


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=1, help="how often each variant is measured")
    parser.add_argument("--only", default="", help="part of a variant's name, such as 'laptop' or 'ours'")
    return parser.parse_args()


if __name__ == "__main__":
    main()
