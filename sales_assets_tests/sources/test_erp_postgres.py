"""`PostgresResource` on a real server: what it reads, what it refuses, and what its errors name."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from unittest.mock import patch
from urllib.parse import urlsplit

import adbc_driver_postgresql
import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest
from adbc_driver_postgresql import dbapi

from sales_assets.errors import RefusedError
from sales_assets.sources.erp import queries
from sales_assets.sources.erp.postgres import ErpUnavailableError, PostgresResource, _fetch_batches
from sales_assets.sources.erp.url import ErpUrl
from sales_assets.transforms.frames import find_oldest_reading
from sales_assets_tests.support.erp import Erp

SECRET = "p@ss/w:rd#12%"
QUOTED_SECRET = "p%40ss%2Fw%3Ard%2312%25"
WINDOW = [datetime(2025, 1, 15, tzinfo=UTC), datetime(2025, 1, 16, tzinfo=UTC)]


@pytest.fixture(scope="module")
def guarded(postgres: Erp) -> str:
    """The URL of a role that needs a password."""
    return postgres.create_role("guarded", SECRET)


def test_a_runs_queries_read_the_types_of_the_database_once_and_the_next_runs_again(erp: Erp) -> None:
    with patch("adbc_driver_postgresql.connect", wraps=adbc_driver_postgresql.connect) as connect:
        for run in (1, 2):
            with dg.build_resources({"erp": PostgresResource(url=erp.url)}) as resources:
                for _ in range(2):
                    assert resources.erp.execute_query("select 1 as n")["n"].tolist() == [1]
            assert connect.call_count == run
            assert resources.erp._databases._opened == {}


def test_rows_have_the_types_that_assets_work_with(erp: Erp) -> None:
    erp.order(1, "2025-01-15 01:00+01")
    frame = erp.resource.execute_query(queries.RAW_ORDERS_SQL, WINDOW)
    assert frame["order_date"][0] == pd.Timestamp("2025-01-15", tz="UTC")
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "order_id": "Int64",
        "customer_id": "Int64",
        "order_date": "datetime64[us, UTC]",
        "status": "str",
        "gross_amount": "float64",
        "total_amount": "float64",
        "line_count": "Int32",
        "updated_at": "datetime64[us, UTC]",
        "incomplete_items": "Int32",
    }


def test_rows_know_when_they_were_read_by_the_erps_clock(erp: Erp) -> None:
    read = [erp.resource.execute_query(queries.CLOCK_SQL) for _ in range(2)]
    # The clock's answer is the time of its own transaction.
    assert [find_oldest_reading(frame) for frame in read] == [frame["asked_at"][0] for frame in read]
    assert find_oldest_reading(*reversed(read)) == read[0]["asked_at"][0]
    assert find_oldest_reading(pd.DataFrame()) is None


def test_a_customer_belongs_to_the_day_that_had_begun_last(erp: Erp) -> None:
    erp.customer(1, updated_at="2025-01-15 22:59:59+00")
    erp.customer(2, updated_at="2025-01-15 23:00+00")
    erp.customer(3)
    erp.order(1, "2025-01-15 23:00+00", customer=3)
    window = [datetime(2025, 1, 14, 23, tzinfo=UTC), datetime(2025, 1, 16, 23, tzinfo=UTC)]
    keys = ["2025-01-15", "2025-01-16"]
    midnights = [window[0], datetime(2025, 1, 15, 23, tzinfo=UTC)]
    found = erp.resource.execute_query(queries.RAW_CUSTOMERS_SQL, [*window, midnights, keys])
    days = dict(zip(found["id"], found["snapshot_date"].dt.strftime("%Y-%m-%d"), strict=True))
    assert days == {1: "2025-01-15", 2: "2025-01-16", 3: "2025-01-16"}


def test_a_day_is_read_through_the_index_on_created_at(erp: Erp) -> None:
    erp.run(
        "insert into orders select n, 1, timestamptz '2025-01-01' + n * interval '1 minute', now(), 'x'"
        " from generate_series(1, 200000) n",
        "analyze orders",
    )
    with closing(dbapi.connect(erp.url)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(f"explain {queries.RAW_ORDERS_SQL}", WINDOW)
        plan = str(cursor.fetchall())
    assert "Index Cond" in plan
    assert "Seq Scan on orders" not in plan


def test_parameters_are_bound_and_never_read_as_sql(erp: Erp) -> None:
    value = "'; drop table orders; --"
    assert erp.resource.execute_query("select $1::text as v", [value])["v"][0] == value


def test_the_erp_cannot_be_written_even_by_a_role_that_may(erp: Erp) -> None:
    erp.order(1)
    erp.run(
        "create or replace function remove() returns bigint language sql as 'delete from orders returning id'"
    )
    admin = PostgresResource(url=erp.admin_url)
    with pytest.raises(RefusedError, match="read-only transaction"):
        admin.execute_query("select remove()")
    with pytest.raises(RefusedError, match="syntax error"):
        admin.execute_query("delete from orders returning id")
    assert erp.totals("2025-01-15")[0] == 1


def test_a_role_with_a_password_reads(guarded: str) -> None:
    assert PostgresResource(url=guarded).execute_query("select current_user::text as u")["u"][0] == "guarded"


def test_a_wrong_password_is_refused_and_not_shown(guarded: str) -> None:
    url = guarded.replace(QUOTED_SECRET, "wr0ngpass")
    with pytest.raises(
        RefusedError, match=r"database postgres, user guarded refused: .*authentication failed"
    ) as caught:
        PostgresResource(url=url).execute_query("select 1")
    assert "wr0ngpass" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"postgresql://u:{SECRET}@host/db", "not a PostgreSQL URL"),
        ("postgresql://u:12/34@host/db", "not a PostgreSQL URL"),
        ("postgresql://u:secret@host:port/db", "not a PostgreSQL URL"),
        ("mysql://u:secret@host/db", "not a PostgreSQL URL"),
        ("host=localhost password=secret", "not a PostgreSQL URL"),
        ("", "not a PostgreSQL URL"),
    ],
)
def test_an_invalid_url_is_refused_and_no_part_of_it_is_repeated(url: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason) as caught:
        PostgresResource(url=url).execute_query("select 1")
    assert not any(part in str(caught.value) for part in ("secret", "w:rd", "12/34", "p@ss"))


def test_an_erp_that_is_down_is_unavailable_and_named_without_the_password() -> None:
    with pytest.raises(
        ErpUnavailableError, match=r"127\.0\.0\.1:1, database db, user u did not answer"
    ) as caught:
        PostgresResource(url=f"postgresql://u:{QUOTED_SECRET}@127.0.0.1:1/db").execute_query("select 1")
    assert "No stored data was changed" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert QUOTED_SECRET not in str(caught.value)


def test_a_host_that_does_not_exist_is_unavailable() -> None:
    with pytest.raises(ErpUnavailableError, match=r"erp\.invalid:5432"):
        PostgresResource(url="postgresql://u:secret@erp.invalid/db").execute_query("select 1")


@pytest.mark.parametrize("sql", ["select * from invoices", "select total from orders"])
def test_a_missing_table_or_column_is_refused_and_named(erp: Erp, sql: str) -> None:
    with pytest.raises(RefusedError, match=r'(relation "invoices"|column "total") does not exist'):
        erp.resource.execute_query(sql)


def test_a_role_without_permission_is_refused_and_the_table_is_named(erp: Erp, guarded: str) -> None:
    with pytest.raises(RefusedError, match="permission denied for table orders"):
        PostgresResource(url=guarded).execute_query("select * from orders")


def test_a_role_that_may_not_connect_or_log_in_is_refused(erp: Erp) -> None:
    erp.run("create role barred", "create database closed", "revoke connect on database closed from public")
    for url, reason in (
        (erp.url.replace("sales_reader", "barred"), "not permitted to log in"),
        (erp.url.replace("/postgres?", "/closed?"), "permission denied for database"),
    ):
        with pytest.raises(RefusedError, match=reason):
            PostgresResource(url=url).execute_query("select 1")


def test_a_query_that_can_never_work_is_refused(erp: Erp) -> None:
    with pytest.raises(RefusedError, match="division by zero"):
        erp.resource.execute_query("select 1 / 0")


def test_a_password_that_occurs_in_the_message_is_still_refused(guarded: str) -> None:
    with pytest.raises(RefusedError):
        PostgresResource(url=guarded.replace(QUOTED_SECRET, "e")).execute_query("select 1")


def test_a_unix_socket_is_accepted_in_both_forms_of_libpq(erp: Erp) -> None:
    folder = urlsplit(erp.url).query.removeprefix("host=")
    encoded = f"postgresql://sales_reader@{folder.replace('/', '%2F')}/postgres"
    for url in (encoded, f"postgresql:///postgres?host={folder}&user=sales_reader"):
        assert PostgresResource(url=url).execute_query("select 1 as n")["n"][0] == 1


@pytest.mark.parametrize(
    ("url", "description", "password"),
    [
        ("postgresql://u:p@Host:6000/db", "host:6000, database db, user u", "p"),
        ("postgres://u@[::1]", "::1:5432, database u, user u", ""),
        ("postgresql://u@%2FTmp%2FPg:6000/db", "/Tmp/Pg:6000, database db, user u", ""),
        ("postgresql:///db?host=/Tmp/Pg&user=u&port=6000", "/Tmp/Pg:6000, database db, user u", ""),
        ("postgresql://u:p@h/db?user=v&password=w&dbname=e", "h:5432, database e, user v", "w"),
        (" postgresql://u:a%40b:c@h/db?sslmode=require ", "h:5432, database db, user u", "a@b:c"),
    ],
)
def test_a_url_is_described_as_the_driver_understands_it(url: str, description: str, password: str) -> None:
    parsed = ErpUrl.parse(url, 10)
    assert str(parsed) == description
    assert parsed.password == password
    assert repr(parsed) == f"ErpUrl(description={description!r})"


def test_a_missing_database_is_refused(erp: Erp) -> None:
    with pytest.raises(RefusedError, match='database "nothing" does not exist'):
        PostgresResource(url=erp.url.replace("/postgres?", "/nothing?")).execute_query("select 1")


def test_a_statement_that_exceeds_its_timeout_is_cancelled_by_the_erp_and_unavailable(erp: Erp) -> None:
    with pytest.raises(ErpUnavailableError, match="statement timeout"):
        PostgresResource(url=erp.url, statement_timeout_seconds=1).execute_query("select pg_sleep(60)")


SETTINGS = {
    "datestyle": "German, DMY",
    "intervalstyle": "iso_8601",
    "extra_float_digits": "-15",
    "client_encoding": "LATIN1",
    "timezone": "Asia/Tokyo",
}


def test_what_a_role_sets_for_its_sessions_changes_no_value(erp: Erp) -> None:
    query = """
        select 'Jos\u00e9 \u20ac'::text as name, date '2026-10-02'::text as day,
            interval '90 s'::text as duration, (0.1::float8 + 0.2::float8)::text as number,
            timestamptz '2025-01-15 00:00+00'::text as at, current_setting('search_path') as path
    """
    [row] = erp.through_views({}, SETTINGS).resource.execute_query(query).itertuples(index=False)
    assert tuple(row) == (
        "Jos\u00e9 \u20ac",
        "2026-10-02",
        "00:01:30",
        "0.30000000000000004",
        "2025-01-15 00:00:00+00",
        "viewer",
    )


@pytest.mark.parametrize("encoding", ["LATIN1", "WIN1252"])
def test_texts_of_databases_in_other_encodings_are_read(erp: Erp, encoding: str) -> None:
    erp.run(f"create database e_{encoding} encoding '{encoding}' locale 'C' template template0")
    other = PostgresResource(url=erp.url.replace("/postgres?", f"/e_{encoding.lower()}?"))
    assert other.execute_query(f"select convert_from('\\xe9'::bytea, '{encoding}') as v")["v"][0] == "\u00e9"


def test_texts_of_no_encoding_are_refused_with_the_conversion_that_a_view_needs(erp: Erp) -> None:
    erp.run("create database plain encoding 'SQL_ASCII' locale 'C' template template0")
    plain = PostgresResource(url=erp.url.replace("/postgres?", "/plain?"))
    bare = "select {} as v from (select convert_from('\\xe9'::bytea, 'SQL_ASCII') as city) as t"
    with pytest.raises(RefusedError, match=r"invalid byte sequence.*Let the role read a view") as caught:
        plain.execute_query(bare.format("city"))
    conversion = str(caught.value).rpartition(" as ")[2].removesuffix(".")
    assert plain.execute_query(bare.format(conversion))["v"][0] == "\u00e9"


def test_a_lock_that_a_change_of_a_table_holds_is_waited_for_only_so_long(
    erp: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sales_assets.sources.erp.postgres.ERP_LOCK_TIMEOUT_SECONDS", 1)
    with closing(dbapi.connect(erp.admin_url)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("lock table orders in access exclusive mode")
        with pytest.raises(ErpUnavailableError, match="lock timeout"):
            erp.resource.execute_query("select * from orders")


def test_a_run_that_asks_nothing_more_does_not_keep_its_locks_and_is_retried(
    erp: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sales_assets.sources.erp.postgres.ERP_IDLE_TIMEOUT_SECONDS", 1)

    def drop_behind(cursor: dbapi.Cursor, read_at: datetime) -> Iterator[pa.Table]:
        """Stop asking, as a suspended run does, until a change of the table has got its lock."""
        change = "alter table orders alter column status set not null"
        erp.run("set lock_timeout = '30 s'", change, "reset lock_timeout")
        yield from _fetch_batches(cursor, read_at)

    monkeypatch.setattr("sales_assets.sources.erp.postgres._fetch_batches", drop_behind)
    with pytest.raises(ErpUnavailableError, match="did not answer"):
        erp.resource.execute_query("select * from orders")


def test_a_server_that_vanished_is_noticed_unless_the_url_says_otherwise(erp: Erp) -> None:
    chosen = ErpUrl.parse("postgresql://u@h/d?tcp_user_timeout=5000", 10).uri
    for part in ("keepalives=1", "keepalives_idle=30", "keepalives_count=3", "tcp_user_timeout=5000"):
        assert part in chosen


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ("08006", ErpUnavailableError),
        ("25P03", ErpUnavailableError),
        ("25006", RefusedError),
        ("40001", ErpUnavailableError),
        ("53300", ErpUnavailableError),
        ("55P03", ErpUnavailableError),
        ("57P01", ErpUnavailableError),
        ("58030", ErpUnavailableError),
        ("22023", RefusedError),
        ("42501", RefusedError),
        ("XX001", RefusedError),
    ],
)
def test_the_sqlstate_decides_whether_a_retry_may_help(erp: Erp, state: str, error: type[Exception]) -> None:
    body = f"begin raise exception 'no' using errcode = '{state}'; end"
    erp.run(f"create or replace function fail() returns int language plpgsql as $${body}$$")
    with pytest.raises(error):
        erp.resource.execute_query("select fail()")


def test_the_repr_of_a_resource_does_not_show_the_password() -> None:
    for url in (dg.EnvVar("ERP_POSTGRES_URL"), "postgresql://u:planted-word@h/d"):
        assert "planted-word" not in repr(PostgresResource(url=url))


def test_an_error_of_the_erp_names_the_fault_and_shows_no_value(erp: Erp) -> None:
    erp.customer(7, first_name="Ada Lovelace")
    faults = {
        "email::int": "invalid input syntax for type integer: [redacted]",
        "(first_name || email)::json": "invalid input syntax for type json",
        "to_date(first_name, 'YYYY')": 'invalid value [redacted] for "YYYY"',
        "nope from customers where email = 'ada@example.com'; --": 'column "nope" does not exist',
    }
    for expression, shown in faults.items():
        with pytest.raises(RefusedError) as error:
            erp.resource.execute_query(f"select {expression} from customers")
        assert shown in str(error.value)
        assert "7@example" not in str(error.value)
        assert "Ada" not in str(error.value)
