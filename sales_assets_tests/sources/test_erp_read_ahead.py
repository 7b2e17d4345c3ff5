"""A query that is begun: its rows are the ERP's when it began, and nothing of it stays behind."""

from collections.abc import Iterator

import dagster as dg
import pytest

from sales_assets.errors import RefusedError
from sales_assets.sources.erp import postgres
from sales_assets.sources.erp.postgres import ErpUnavailableError, PostgresResource
from sales_assets_tests.support.erp import Erp

SESSIONS = """
    select state from pg_stat_activity where usename = 'sales_reader' and pid <> pg_backend_pid()
"""
MANY = "select n, now() as begun_at from generate_series(1, $1::int) as n"


@pytest.fixture
def resource(erp: Erp) -> Iterator[PostgresResource]:
    with dg.build_resources({"erp": erp.resource}) as resources:
        yield resources.erp


def test_what_is_begun_is_read_before_what_is_asked_later_and_only_once(
    erp: Erp, resource: PostgresResource
) -> None:
    resource.begin_query(MANY, [320_000])
    between = erp.resource.execute_query("select now() as at")["at"][0]
    begun, anew = (resource.execute_query(MANY, [320_000]) for _ in range(2))
    assert begun["n"].tolist() == anew["n"].tolist() == [*range(1, 320_001)]
    assert begun["begun_at"][0] < between < anew["begun_at"][0]


def test_rows_of_other_parameters_are_never_given(resource: PostgresResource) -> None:
    resource.begin_query(MANY, [2])
    assert resource.execute_query(MANY, [1])["n"].tolist() == [1]
    assert [len(chunk) for chunk in resource.spool_query(MANY, [2])] == [2]


def test_a_query_that_was_ended_meanwhile_is_asked_again(
    erp: Erp, resource: PostgresResource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "FETCHED_ROWS", 1)
    resource.begin_query(MANY, [9])
    erp.run("select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = 'sales_reader'")
    assert resource.execute_query(MANY, [9])["n"].tolist() == [*range(1, 10)]


def test_beginning_hides_no_error(resource: PostgresResource) -> None:
    for sql, reason in {"select nothing": "does not exist", "select 1 / 0": "division by zero"}.items():
        resource.begin_query(sql)
        with pytest.raises(RefusedError, match=reason):
            resource.execute_query(sql)
    away = PostgresResource(url="postgresql://u@127.0.0.1:1/db")
    away.begin_query("select 1")
    with pytest.raises(ErpUnavailableError):
        away.execute_query("select 1")


def test_a_run_that_ends_before_it_asks_leaves_no_query_behind(erp: Erp) -> None:
    with dg.build_resources({"erp": erp.resource}) as resources:
        resources.erp.begin_query("select pg_sleep(600)")
        assert len(erp.resource.execute_query(SESSIONS)) == 1
    assert "active" not in [*erp.resource.execute_query(SESSIONS)["state"]]
