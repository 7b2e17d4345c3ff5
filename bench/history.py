"""Measures how Dagster's history grows, on SQLite and on PostgreSQL: `python -m bench.history`, some minutes.

Each run is one that schedules start, on the ERP of `bench/erp.py` and a warehouse of its own. The steps run
in one process; where each has its own, Dagster records a dozen more small events per step.
"""

import os
import shutil
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from adbc_driver_postgresql import dbapi

from bench.erp import start_bench_erp
from bench.records import create_database
from sales_assets.demo.erp.postgres_server import start_server, stop_server
from sales_assets.settings import ROOT, settings

FOLDER = Path(tempfile.mkdtemp(prefix="sales-history-"))
RANGE_DAYS = 30
POSTGRES = """
storage: {{postgres: {{postgres_url: "{url}"}}}}
telemetry: {{enabled: false}}
"""


def main() -> None:
    """Run each kind of run on each storage, and print what it added."""
    url = start_bench_erp(FOLDER / "erp", 300, 60)
    os.environ |= {"ERP_POSTGRES_URL": url, "SALES_DATA_DIR": os.fspath(FOLDER)}
    settings.cache_clear()
    admin = start_server(FOLDER / "erp")
    database = create_database(admin, "history")
    write_instance("sqlite", (ROOT / "dagster.yaml").read_text().replace(".data/dagster", f"{FOLDER}/sqlite"))
    write_instance("postgres", POSTGRES.format(url=database))
    for storage in ("sqlite", "postgres"):
        measure_storage(storage, database)
    stop_server(FOLDER / "erp")
    shutil.rmtree(FOLDER)


def write_instance(storage: str, text: str) -> None:
    """Write the `dagster.yaml` of an instance."""
    (FOLDER / storage).mkdir(parents=True)
    (FOLDER / storage / "dagster.yaml").write_text(text)


def measure_storage(storage: str, database: str) -> None:
    """Print the events and bytes that each kind of run adds."""
    import dagster as dg  # noqa: PLC0415 - after the settings are there

    from sales_assets.definitions import defs  # noqa: PLC0415

    with dg.DagsterInstance.from_config(os.fspath(FOLDER / storage)) as instance:
        range_ = {
            "dagster/asset_partition_range_start": "2025-01-11",
            "dagster/asset_partition_range_end": "2025-02-09",
        }
        for job, day, tags, text in (
            ("daily_sales_pipeline", "2025-01-01", {}, "the first day, with snapshots of the job"),
            *(("daily_sales_pipeline", f"2025-01-0{n}", {}, "a day") for n in (2, 3, 4)),
            ("daily_sales_pipeline", None, range_, f"{RANGE_DAYS} days in one run"),
            *(("reconciliation_job", None, {}, "reconciliation") for _ in range(2)),
            *(("freshness_job", None, {}, "freshness") for _ in range(2)),
        ):
            before = measure(storage, database)
            result = defs.resolve_job_def(job).execute_in_process(
                instance=instance, partition_key=day, tags=tags, raise_on_error=False
            )
            events = len(instance.all_logs(result.run_id))
            size = measure(storage, database) - before
            sys.stdout.write(
                f"{storage:9} {text:42} {events:5} events {size / 1000:9,.0f} kB {result.success}\n"
            )
            sys.stdout.flush()


def measure(storage: str, database: str) -> int:
    """Return the bytes of a storage, its indexes included."""
    if storage == "sqlite":
        return sum(path.stat().st_size for path in (FOLDER / "sqlite").rglob("*") if path.is_file())
    query = "select sum(pg_total_relation_size(relid))::bigint from pg_stat_user_tables"
    with closing(dbapi.connect(database, autocommit=True)) as server, closing(server.cursor()) as cursor:
        cursor.execute(query)
        [(size,)] = cursor.fetchall()
        return int(size)


if __name__ == "__main__":
    main()
