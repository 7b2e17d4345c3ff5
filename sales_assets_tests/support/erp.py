"""The ERP for tests: a real PostgreSQL that a test fills row by row."""

import copy
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from adbc_driver_postgresql import dbapi

from sales_assets.demo.erp.demo_erp import read_statements
from sales_assets.sources.erp.postgres import PostgresResource

_TABLES = ("customers", "orders", "order_items")


class Erp:
    """The ERP's three tables on a running server."""

    def __init__(self, admin_url: str):
        self.admin_url = admin_url
        self.url = f"postgresql://sales_reader@/postgres?{urlsplit(admin_url).query}"
        self.resource = PostgresResource(url=self.url)
        self._connection = dbapi.connect(admin_url, autocommit=True)

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    def run(self, *statements: str, params: Sequence[Any] = ()) -> None:
        """Run statements as the owner of the tables."""
        with closing(self._connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement, list(params) or None)

    def create(self) -> None:
        """Create the tables and the role that may read them."""
        self.run(*read_statements("schema.sql"), *read_statements("indexes.sql"))

    def create_role(self, role: str, password: str) -> str:
        """Create a role that, unlike the others, needs its password; returns its URL."""
        [folder] = parse_qs(urlsplit(self.admin_url).query)["host"]
        rules = Path(folder) / "pg_hba.conf"
        rules.write_text(f"local all {role} scram-sha-256\n{rules.read_text()}")
        self.run(f"create role {role} login password '{password}'", "select pg_reload_conf()")
        # The server reloads its rules a moment later; until then, the role needs no password.
        while _can_connect(f"postgresql://{role}@/postgres?host={folder}"):
            time.sleep(0.01)
        return f"postgresql://{role}:{quote(password, safe='')}@/postgres?host={folder}"

    def through_views(self, views: Mapping[str, str], settings: Mapping[str, str] | None = None) -> "Erp":
        """Return the same ERP, read by a role that finds views of its own schema by its search path.

        Args:
            views: The query of a view by its name; the others show the tables as they are.
            settings: Session settings of the role, which its connections start with.
        """
        self.run(
            "drop schema if exists viewer cascade",
            "drop role if exists viewer",
            "create role viewer login",
            "create schema viewer",
            *(
                f"create view viewer.{name} as {views.get(name, f'select * from public.{name}')}"
                for name in _TABLES
            ),
            "grant usage on schema viewer to viewer",
            "grant select on all tables in schema viewer to viewer",
            *(
                f"alter role viewer set {name} = '{value}'"
                for name, value in {"search_path": "viewer", **(settings or {})}.items()
            ),
        )
        other = copy.copy(self)
        other.url = self.url.replace("sales_reader@", "viewer@")
        other.resource = PostgresResource(url=other.url)
        return other

    def clear(self) -> None:
        """Delete all rows."""
        self.run("truncate customers, orders, order_items")

    def order(
        self,
        id_: int,
        at: str = "2025-01-15 10:00+00",
        *,
        customer: int | None = None,
        status: str = "completed",
        items: Sequence[tuple[int, str, str | None]] = ((1, "10.00", None),),
    ) -> None:
        """Add an order; its items are (quantity, unit price, discount)."""
        self.run(
            "insert into orders values "
            "($1::bigint, $2::bigint, $3::text::timestamptz, $3::text::timestamptz, $4::text)",
            params=[id_, customer, at, status],
        )
        for position, (qty, price, discount) in enumerate(items):
            self.run(
                "insert into order_items values "
                "($1::bigint, $2::bigint, $3::int, $4::text::numeric, $5::text::numeric)",
                params=[id_ * 100 + position, id_, qty, price, discount],
            )

    def customer(
        self,
        id_: int,
        *,
        first_name: str = "Ada",
        city: str = "Rome",
        updated_at: str = "2024-06-01 00:00+00",
    ) -> None:
        """Add a customer."""
        self.run(
            "insert into customers values "
            "($1::bigint, $2::text, $3::text, 'Rossi', $4::text, 'consumer', $5::text::timestamptz)",
            params=[id_, f"{id_}@example.com", first_name, city, updated_at],
        )

    def totals(self, day: str, timezone: str = "UTC") -> tuple[int, str | None]:
        """Return the count and the exact sum of a day's sales, computed by PostgreSQL."""
        query = """
            with sales as (
                select
                    round(coalesce(sum(i.qty * i.unit_price * (1 - coalesce(i.discount, 0))), 0), 4) as total
                from orders as o left join order_items as i on i.order_id = o.id
                where (o.created_at at time zone $2)::date = $1::text::date
                    and o.status in ('completed', 'shipped')
                group by o.id
            )
            select count(*), sum(total)::numeric(38, 4)::text from sales
        """
        with closing(dbapi.connect(self.admin_url)) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(query, [day, timezone])
            count, total = cursor.fetchone()
            return count, total


def _can_connect(url: str) -> bool:
    try:
        dbapi.connect(url).close()
    except dbapi.Error:
        return False
    return True
