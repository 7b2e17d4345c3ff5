"""The warehouse remembers what it was made with, and never mixes it with another time zone or ERP."""

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import pytest

from sales_assets.dbt.dbt_assets import refuse_other_settings
from sales_assets.operations.doctor.check_disk import check_duckdb_file
from sales_assets.warehouse import duckdb_file
from sales_assets_tests.support.results import failure
from sales_assets_tests.support.warehouses import (
    D14,
    D15,
    T,
    WarehouseUnderTest,
    fake_snowflake,
    ids,
    rows,
    table,
    temporary_duckdb,
)

OURS = {"SALES_TIMEZONE": "UTC", "SALES_ERP_NAME": "erp.example.com:5432/sales"}
ENGINES = {"duckdb": temporary_duckdb, "fakesnow": fake_snowflake}


@pytest.fixture(params=["duckdb", pytest.param("fakesnow", marks=pytest.mark.slow)])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WarehouseUnderTest]:
    with ENGINES[request.param](tmp_path) as warehouse:
        yield warehouse


@pytest.mark.slow
def test_days_of_another_time_zone_or_erp_are_refused_with_both_values(warehouse: WarehouseUnderTest) -> None:
    warehouse.store(rows(1, day=D14), T, key=D14)  # A warehouse that was made before it remembered.
    for _ in range(2):
        warehouse.with_origin(OURS).store(rows(2), T, key=D15)
    remembered = warehouse.query("select name, content from raw.sales_origin")
    assert dict(remembered.itertuples(index=False)) == OURS
    assert len(remembered) == len(OURS)

    other = warehouse.with_origin(
        OURS | {"SALES_TIMEZONE": "Europe/Rome", "SALES_ERP_NAME": "new:5432/sales"}
    )
    result = other.store(rows(3), T, key=D15, raise_on_error=False)
    error = failure(result)
    assert "SALES_TIMEZONE 'UTC', not 'Europe/Rome'" in error
    assert "SALES_ERP_NAME 'erp.example.com:5432/sales', not 'new:5432/sales'" in error
    assert "set SALES_ERP_NAME=erp.example.com:5432/sales." in error
    assert "make backfill FROM=2025-01-01 TO=" in error
    assert not result.filter_events(lambda event: event.is_step_up_for_retry)
    assert ids(warehouse) == [1, 2]

    other.materialize(table(rows(4), T, partitions=None, name="not_of_days"))
    warehouse.with_origin(OURS | {"SALES_ERP_CURRENCY": "EUR"}).store(rows(5), T, key=D15)
    assert ids(warehouse) == [1, 5]
    assert len(warehouse.query("select * from raw.sales_origin")) == len(OURS) + 1


def test_models_of_stored_days_and_the_doctor_refuse_other_settings(tmp_path: Path) -> None:
    with temporary_duckdb(tmp_path) as warehouse:
        warehouse.with_origin(OURS).store(rows(1), T, key=D15)

        @dg.asset
        def mart(context: dg.AssetExecutionContext, io_manager: dg.ResourceParam[object]) -> None:
            refuse_other_settings(context, io_manager)

        in_rome = OURS | {"SALES_TIMEZONE": "Europe/Rome"}
        assert warehouse.with_origin(OURS).materialize(mart).success
        result = warehouse.with_origin(in_rome).materialize(mart, raise_on_error=False)
        assert "SALES_TIMEZONE 'UTC', not 'Europe/Rome'" in failure(result)

    database = tmp_path / "sales.duckdb"
    # A second lock would wait for ever behind a writer that waits for the doctor's.
    with patch.object(duckdb_file, "lock_database", side_effect=AssertionError):
        assert all(finding.is_ok for finding in check_duckdb_file(database, origin=OURS))
        *_, finding = check_duckdb_file(database, origin=in_rome)
    assert not finding.is_ok
    assert "SALES_TIMEZONE 'UTC', not 'Europe/Rome'" in str(finding)
