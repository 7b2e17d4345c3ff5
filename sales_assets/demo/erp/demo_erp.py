"""The embedded ERP: a PostgreSQL with the ERP's tables, filled from 2025-01-01 to yesterday.

It grows by the days that have passed since it was last used. Read by a role that may only SELECT.
"""

from contextlib import closing
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pyarrow as pa
from adbc_driver_postgresql import dbapi

from sales_assets.demo.background import exclusively
from sales_assets.demo.erp.customers import customers_at
from sales_assets.demo.erp.orders import LONGEST_LIFE_DAYS, orders_placed
from sales_assets.demo.erp.postgres_server import running_server
from sales_assets.demo.seeded_days import FIRST_DAY
from sales_assets.sources.erp.postgres import PostgresResource

_SQL = files("sales_assets.demo.erp")


class DemoPostgresResource(PostgresResource):
    """The embedded ERP; starts and fills it when it is first asked.

    Attributes:
        data_dir: Where it keeps its data.
        timezone: The zone in which the demo's days begin.
    """

    url: str = ""
    data_dir: str
    timezone: str

    def connection_url(self) -> str:
        """The URL of the role that may only read."""
        yesterday = datetime.now(ZoneInfo(self.timezone)).date() - timedelta(days=1)
        return demo_erp(Path(self.data_dir), yesterday, self.timezone)


def demo_erp(data_dir: Path, last_day: date, timezone: str) -> str:
    """Start the ERP and load the days that it lacks.

    Args:
        data_dir: Where the demo keeps its data.
        last_day: The last day to load; days that are there already stay.
        timezone: The zone in which the demo's days begin.

    Returns:
        The URL of a role that may read the ERP's three tables and do nothing else.
    """
    folder = erp_folder(data_dir)
    url = running_server(folder)
    with exclusively(folder), closing(dbapi.connect(url)) as connection:
        _fill(connection, last_day, timezone)
    host = urlsplit(url).query
    return f"postgresql://sales_reader@/postgres?{host}"


def erp_folder(data_dir: Path) -> Path:
    """The folder of the ERP's data; short, for a Unix socket's path has room for about a hundred letters."""
    return data_dir / "erp"


def _fill(connection: dbapi.Connection, last_day: date, timezone: str) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.execute("select to_regclass('demo_progress')::text")
        if cursor.fetchone() == (None,):
            _run_script(cursor, "schema.sql")
        cursor.execute("select last_day from demo_progress")
        loaded = cursor.fetchone()[0]
        if loaded < last_day:
            _extend(cursor, loaded, last_day, timezone)
    connection.commit()


def _extend(cursor: dbapi.Cursor, loaded: date, last_day: date, timezone: str) -> None:
    """Add the events of the days after `loaded`, in the transaction of the cursor."""
    new_from = loaded + timedelta(days=1)
    alive_from = max(FIRST_DAY, new_from - timedelta(days=LONGEST_LIFE_DAYS))
    placed = orders_placed(alive_from, last_day, last_day, timezone)
    since = datetime.combine(new_from, datetime.min.time(), ZoneInfo(timezone))
    customers = customers_at(last_day, timezone)
    first_new_id = (new_from - FIRST_DAY).days * 100_000
    staged = {
        "staged_customers": customers
        if new_from == FIRST_DAY
        else customers[customers["updated_at"] >= since],
        "staged_orders": placed.orders[placed.orders["updated_at"] >= since],
        "staged_items": placed.items[placed.items["order_id"] > first_new_id],
    }
    for table, rows in staged.items():
        cursor.adbc_ingest(table, pa.Table.from_pandas(rows, preserve_index=False), mode="create")
    _run_script(cursor, "extend.sql")
    cursor.execute("update demo_progress set last_day = $1", [last_day])
    cursor.execute("analyze")


def _run_script(cursor: dbapi.Cursor, name: str) -> None:
    """Run a file's statements in the open transaction; the driver's own script call would commit first."""
    for statement in (_SQL / name).read_text().split(";\n"):
        if statement.strip():
            cursor.execute(statement)
