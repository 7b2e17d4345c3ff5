"""The Airbyte emulator: it answers as Airbyte does, and lands rows that fit the demo ERP."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests
from airbyte_api import models
from pydantic import BaseModel

from sales_assets.demo.airbyte import rows
from sales_assets.demo.airbyte.__main__ import build_emulator
from sales_assets.demo.airbyte.connections import CONNECTIONS, STREAM_COLUMNS, WORKSPACE_ID
from sales_assets.demo.airbyte.landing import land_tables
from sales_assets.demo.airbyte.process import start_airbyte_emulator, stop_airbyte_emulators
from sales_assets.demo.airbyte.rows import SOURCES
from sales_assets.demo.erp.orders import DemoOrders, build_orders
from sales_assets.demo.seeded_days import find_yesterday
from sales_assets.warehouse.duckdb import DuckDBWarehouse
from sales_assets_tests.support.airbyte import CRM, Airbyte, wait_for_job

LAST = date(2025, 3, 3)


def assert_valid(model: type[BaseModel], payload: dict[str, Any]) -> None:
    """Validate an answer by one of Airbyte's own models: it has all required fields, and no unknown ones."""
    parsed = model.model_validate(payload)
    known = {field.alias or name for name, field in model.model_fields.items()}
    assert set(payload) <= known, set(payload) - known
    assert parsed


def get(server: Airbyte, path: str) -> Any:
    return requests.get(f"{server.url}/api/public/v1/{path}", timeout=5).json()


def test_public_answers_fit_airbytes_own_models(server: Airbyte) -> None:
    job = server.sync()
    assert_valid(models.JobResponse, get(server, f"jobs/{job.id}"))
    assert_valid(models.JobsResponse, get(server, "jobs"))
    assert_valid(models.JobResponse, get(server, "jobs")["data"][0])
    assert_valid(models.ConnectionResponse, get(server, f"connections/{CRM.id}"))
    assert_valid(models.ConnectionsResponse, get(server, "connections"))
    for connection in get(server, "connections")["data"]:
        assert_valid(models.ConnectionResponse, connection)
    assert_valid(models.WorkspaceResponse, get(server, f"workspaces/{WORKSPACE_ID}"))
    destination = get(server, f"connections/{CRM.id}")["destinationId"]
    assert_valid(models.DestinationResponse, get(server, f"destinations/{destination}"))


def test_started_and_cancelled_jobs_fit_airbytes_own_models(server: Airbyte) -> None:
    server.go.clear()
    url = f"{server.url}/api/public/v1/jobs"
    request = models.JobCreateRequest(connection_id=CRM.id, job_type=models.JobTypeEnum.SYNC)
    body = request.model_dump(by_alias=True, mode="json")
    started = requests.post(url, json=body, timeout=5)
    assert_valid(models.JobResponse, started.json())
    assert requests.post(url, json=body, timeout=5).status_code == 409
    cancelled = requests.delete(f"{url}/{started.json()['jobId']}", timeout=5).json()
    assert_valid(models.JobResponse, cancelled)
    assert cancelled["status"] == "cancelled"


def test_jobs_are_filtered_sorted_and_paged(server: Airbyte) -> None:
    for connection in (*CONNECTIONS, CRM):
        server.sync(connection)

    def ids(query: str) -> list[int]:
        return [job["jobId"] for job in get(server, f"jobs?{query}")["data"]]

    assert ids(f"connectionId={CRM.id}&orderBy=createdAt|DESC") == [5, 2]
    assert ids("limit=2&offset=2") == [3, 4]
    assert ids("status=failed") == []
    assert ids("jobType=reset") == []
    assert ids("updatedAtStart=2999-01-01T00:00:00Z") == []
    assert get(server, "jobs?limit=2")["next"]
    assert not get(server, "jobs?limit=9")["next"]


def test_unknown_paths_and_ids_are_not_found(server: Airbyte) -> None:
    for path in ("jobs/9", "connections/none", "destinations/none", "nothing"):
        assert requests.get(f"{server.url}/api/public/v1/{path}", timeout=5).status_code == 404


@pytest.fixture(scope="module")
def sources() -> dict[str, pd.DataFrame]:
    return {name: build(LAST, "UTC") for streams in SOURCES.values() for name, build in streams.items()}


@pytest.mark.slow
def test_rows_have_the_columns_of_the_catalog(sources: dict[str, pd.DataFrame]) -> None:
    assert {name: list(found) for name, found in sources.items()} == {
        name: list(columns) for name, columns in STREAM_COLUMNS.items()
    }


@pytest.mark.slow
def test_most_charges_match_the_orders_some_are_missing_and_some_differ(
    sources: dict[str, pd.DataFrame],
) -> None:
    placed = build_orders(date(2025, 1, 1), LAST, LAST, "UTC")
    items = placed.items
    due = items["qty"] * items["unit_price"] * (1 - items["discount"].fillna(0))
    due = due.groupby(items["order_id"]).sum()
    paid = placed.orders[placed.orders["status"].isin(["completed", "shipped", "refunded"])]
    orders = paid.assign(cents=(paid["id"].map(due).fillna(0) * 100).round())
    due_orders = orders[orders["cents"] > 0]
    charged = due_orders.merge(sources["charges"], left_on="id", right_on="order_id", how="left")
    assert 0.005 < charged["amount"].isna().mean() < 0.02
    differing = charged["amount"].notna() & (charged["amount"] != charged["cents"])
    assert 0.005 < differing.mean() < 0.02
    assert sources["charges"]["order_id"].isin(orders["id"]).all()


@pytest.mark.slow
def test_refunds_are_of_charges_and_cover_the_refunded_orders(sources: dict[str, pd.DataFrame]) -> None:
    refunds, charges = sources["refunds"], sources["charges"]
    assert refunds["charge_id"].isin(charges["id"]).all()
    orders = build_orders(date(2025, 1, 1), LAST, LAST, "UTC").orders
    refunded = "ch_" + orders.loc[orders["status"] == "refunded", "id"].astype(str)
    assert refunded[refunded.isin(charges["id"])].isin(refunds["charge_id"]).all()
    assert len(refunds) > len(refunded)


@pytest.mark.slow
def test_yesterdays_rows_do_not_depend_on_tomorrow(sources: dict[str, pd.DataFrame]) -> None:
    earlier = SOURCES["ads"]["spend"](date(2025, 2, 1), "UTC")
    later = sources["spend"].iloc[: len(earlier)].reset_index(drop=True)
    pd.testing.assert_frame_equal(earlier, later)
    charges = SOURCES["payments"]["charges"](date(2025, 2, 1), "UTC").set_index("id")
    both = charges.join(sources["charges"].set_index("id"), rsuffix="_later", how="inner")
    assert len(both) > 0.9 * len(charges)
    assert (both["amount"] == both["amount_later"]).all()


def test_a_sync_replaces_all_its_tables_or_none(tmp_path: Path) -> None:
    database, now = tmp_path / "w.duckdb", datetime(2025, 1, 15, tzinfo=UTC)
    landed = pd.DataFrame({"id": [1, 2], "at": pd.to_datetime(["2025-01-01"] * 2, utc=True)})
    land_tables(database, "crm", {"a": landed, "b": landed}, now)
    with pytest.raises(ValueError, match="is not a table name"):
        land_tables(database, "crm", {"a": landed.head(1), 'b"; drop': landed}, now)
    assert land_tables(database, "crm", {"a": landed.head(0)}, now, is_wanted=lambda: False) == 0
    counts = DuckDBWarehouse(database=str(database)).query(
        "select (select count(*) from crm.a) as a, (select count(*) from crm.b) as b, "
        "(select max(_airbyte_extracted_at) from crm.a) as at"
    )
    assert list(counts.iloc[0]) == [2, 2, pd.Timestamp(now)]


def test_after_a_restart_interrupted_jobs_have_failed_and_ids_continue(tmp_path: Path) -> None:
    job = {"id": 7, "connection_id": CRM.id, "started_at": 1.0, "updated_at": 1.0, "status": "running"}
    (tmp_path / "jobs.json").write_text(json.dumps([job]))
    jobs = build_emulator(tmp_path, tmp_path / "w.duckdb", "UTC").jobs
    assert jobs.list_all()[0].status == "failed"
    assert jobs.start(CRM.id).id == 8


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    stop_airbyte_emulators(tmp_path)


@pytest.mark.slow
def test_it_starts_once_is_found_again_and_stops(data_dir: Path) -> None:
    database = data_dir / "w.duckdb"
    with ThreadPoolExecutor(4) as pool:
        urls = set(pool.map(lambda _: start_airbyte_emulator(data_dir, database, "UTC"), range(4)))
    assert len(urls) == 1
    other = start_airbyte_emulator(data_dir, data_dir / "other.duckdb", "UTC")
    assert other not in urls
    stop_airbyte_emulators(data_dir)
    for url in (*urls, other):
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{url}/api/v1/health", timeout=5)
    assert start_airbyte_emulator(data_dir, database, "UTC")


def test_the_orders_that_both_streams_of_payments_need_are_built_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built: list[date] = []

    def build(first: date, *options: Any) -> DemoOrders:
        built.append(first)
        return build_orders(first, *options)

    monkeypatch.setattr(rows, "build_orders", build)
    for day in (date(2025, 1, 4), date(2025, 1, 5)):
        for stream in SOURCES["payments"].values():
            assert len(stream(day, "UTC"))
    assert len(built) == 2


@pytest.mark.exhaustive
@pytest.mark.slow
def test_syncs_land_all_selected_streams_in_the_warehouse(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "FIRST_DAY", find_yesterday("UTC") - timedelta(days=60))
    database = data_dir / "w.duckdb"
    emulator = build_emulator(data_dir, database, "UTC")
    for connection in CONNECTIONS:
        job = emulator.jobs.start(connection.id)
        wait_for_job(job)
        assert job.status == "succeeded", job.failure
        assert job.bytes > 0
    stored = DuckDBWarehouse(database=str(database)).query(
        "select schema_name || '.' || table_name as name from duckdb_tables()"
    )
    expected = {f"{each.schema}.{stream}" for each in CONNECTIONS for stream in each.selected}
    assert set(stored["name"]) == expected
