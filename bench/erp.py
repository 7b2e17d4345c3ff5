"""The ERP of the benchmarks: orders in an embedded PostgreSQL, generated once in `.data/bench`.

Each size is a separate database. Rows are a function of their number, so they are the same on every machine.
"""

from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from adbc_driver_postgresql import dbapi

from sales_assets.demo.erp.demo_erp import read_statements
from sales_assets.demo.erp.postgres_server import start_server

CUSTOMERS = 100_000
LINES = 3

_FILL = (
    f"""
    insert into customers
    select n, n || '@example.com', 'first ' || n, 'last ' || n, 'city ' || n % 50, 'segment ' || n % 4,
           timestamptz '2024-12-31 00:00+00' + n % 400 * interval '1 day' + n % 86400 * interval '1 second'
    from generate_series(1, {CUSTOMERS}) as n
    """,
    f"""
    insert into orders
    select n, case when n % 50 > 0 then 1 + (n * 7919) % {CUSTOMERS} end, at, at + interval '1 hour',
           (array['completed', 'shipped', 'completed', 'shipped', 'completed',
                  'completed', 'shipped', 'completed', 'cancelled', 'pending'])[1 + n % 10]
    from (
        select n, timestamptz '2025-01-01 00:00+00' + n / $1::bigint * interval '1 day'
               + (n * 31 % 86400) * interval '1 second' as at
        from generate_series(0, $1::bigint * $2::bigint - 1) as n
    ) as placed
    """,
    f"""
    insert into order_items
    select o.id * 10 + line, o.id, 1 + (o.id + line) % 4, 1 + (o.id * 7 + line) % 20000 / 100.0,
           case when o.id % 3 = 0 then 0.1 end
    from orders as o cross join generate_series(1, {LINES}) as line
    """,
    "analyze",
)


def start_bench_erp(folder: Path, orders_a_day: int, days: int) -> str:
    """Start the ERP, and create the database of a size unless it exists.

    Args:
        folder: The server's data folder.
        orders_a_day: The number of orders per day.
        days: The number of days with orders, from 2025-01-01.

    Returns:
        The URL of the database, for the read-only role.
    """
    name = f"erp_{orders_a_day}_{days}"
    admin = start_server(folder)
    url = f"postgresql://postgres@/{name}?{urlsplit(admin).query}"
    with closing(dbapi.connect(admin, autocommit=True)) as server, closing(server.cursor()) as cursor:
        if not _has(cursor, "pg_database where datname", name):
            cursor.execute(f"create database {name}")
            _fill(url, orders_a_day, days, has_role=_has(cursor, "pg_roles where rolname", "sales_reader"))
    return url.replace("postgres@", "sales_reader@")


def _has(cursor: dbapi.Cursor, where: str, name: str) -> bool:
    cursor.execute(f"select count(*) from {where} = $1", [name])
    return bool(cursor.fetchone() != (0,))


def _fill(url: str, orders_a_day: int, days: int, *, has_role: bool) -> None:
    statements = [*read_statements("schema.sql"), *_FILL, *read_statements("indexes.sql")]
    with closing(dbapi.connect(url)) as connection, closing(connection.cursor()) as cursor:
        for statement in statements:
            if not (has_role and "create role" in statement):
                parameters = [orders_a_day, days] if "$1" in statement else None
                cursor.execute(statement, parameters)
        connection.commit()
