"""The embedded ERP: a PostgreSQL with the ERP's tables, filled from 2025-01-01 to yesterday.

Whenever it is used, the days that have passed since the last time are added. The pipeline reads it with a
role that may only SELECT.
"""

from contextlib import closing
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pyarrow as pa
from adbc_driver_postgresql import dbapi

from sales_assets.demo.background import lock_folder
from sales_assets.demo.erp.customers import build_customers
from sales_assets.demo.erp.orders import LONGEST_LIFE_DAYS, build_orders
from sales_assets.demo.erp.postgres_server import start_server
from sales_assets.demo.seeded_days import FIRST_DAY, find_yesterday
from sales_assets.private_apis.adbc import leave_signals_to_python
from sales_assets.private_apis.interruptions import pass_on_interruptions
from sales_assets.sources.erp.postgres import PostgresResource

_SQL = files("sales_assets.demo.erp")


class DemoPostgresResource(PostgresResource):
    """The embedded ERP; it is started and filled on first use.

    Attributes:
        data_dir: The folder of the demo's data.
        timezone: The time zone of the demo's days.
    """

    url: str = ""
    data_dir: str
    timezone: str

    def connection_url(self) -> str:
        """Start the ERP, and return the URL of the role that may only SELECT."""
        return start_demo_erp(Path(self.data_dir), find_yesterday(self.timezone), self.timezone)


def start_demo_erp(data_dir: Path, last_day: date, timezone: str) -> str:
    """Start the ERP and add the days that it lacks.

    Args:
        data_dir: The folder of the demo's data.
        last_day: The last day to add; earlier days that exist already are not changed.
        timezone: The time zone of the demo's days.

    Returns:
        The URL of a role that may only SELECT from the ERP's three tables.
    """
    folder = erp_folder(data_dir)
    url = start_server(folder)
    leave_signals_to_python()
    with (
        lock_folder(folder),
        closing(dbapi.connect(url)) as connection,
        pass_on_interruptions(connection.adbc_cancel),
    ):
        _fill(connection, last_day, timezone)
    host = urlsplit(url).query
    return f"postgresql://sales_reader@/postgres?{host}"


def erp_folder(data_dir: Path) -> Path:
    """The folder of the ERP's data; short, because the path of a Unix socket has at most about 100 bytes."""
    return data_dir / "erp"


def _fill(connection: dbapi.Connection, last_day: date, timezone: str) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.execute("select to_regclass('demo_progress')::text")
        if cursor.fetchone() == (None,):
            _run_script(cursor, "schema.sql")
        cursor.execute("select last_day from demo_progress")
        last_loaded = cursor.fetchone()[0]
        if last_loaded < last_day:
            _add_days(cursor, last_loaded, last_day, timezone)
    connection.commit()


def _add_days(cursor: dbapi.Cursor, last_loaded: date, last_day: date, timezone: str) -> None:
    """Add the events of the days after `last_loaded`, in the cursor's transaction."""
    new_from = last_loaded + timedelta(days=1)
    alive_from = max(FIRST_DAY, new_from - timedelta(days=LONGEST_LIFE_DAYS))
    placed = build_orders(alive_from, last_day, last_day, timezone)
    since = datetime.combine(new_from, datetime.min.time(), ZoneInfo(timezone))
    customers = build_customers(last_day, timezone)
    if new_from != FIRST_DAY:
        customers = customers[customers["updated_at"] >= since]
    first_new_id = (new_from - FIRST_DAY).days * 100_000
    staged = {
        "staged_customers": customers,
        "staged_orders": placed.orders[placed.orders["updated_at"] >= since],
        "staged_items": placed.items[placed.items["order_id"] > first_new_id],
    }
    for table, rows in staged.items():
        cursor.adbc_ingest(table, pa.Table.from_pandas(rows, preserve_index=False), mode="create")
    _run_script(cursor, "extend.sql")
    _run_script(cursor, "indexes.sql")
    cursor.execute("update demo_progress set last_day = $1", [last_day])
    cursor.execute("analyze")


def read_statements(name: str) -> list[str]:
    """Return the statements of one of the ERP's SQL files."""
    statements = (_SQL / name).read_text().split(";\n")
    return [statement for statement in statements if statement.strip()]


def _run_script(cursor: dbapi.Cursor, name: str) -> None:
    """Run the statements of a file in the open transaction. The driver's script call would commit first."""
    for statement in read_statements(name):
        cursor.execute(statement)
