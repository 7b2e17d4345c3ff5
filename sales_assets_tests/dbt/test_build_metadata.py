"""What the catalog shows of a table that dbt has built, and what happens if it cannot be drawn."""

import builtins
import logging
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from sales_assets.dbt import build_metadata
from sales_assets.dbt.build_metadata import add_build_metadata, parse_rows

NAMES = ["order_date", "channel", "currency", "order_count", "total_amount"]
TYPES = dict(zip(NAMES, ["date", "varchar", "varchar", "bigint", "decimal(38, 4)"], strict=True))
COLUMNS = {name: {"data_type": type_} for name, type_ in TYPES.items()}
MANIFEST = {"nodes": {"model.sales.daily_sales": {"name": "daily_sales", "columns": COLUMNS}}}
ROW = ["2025-01-15", "erp", "EUR", "3", "12.3456"]


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    build_metadata._import_charts.cache_clear()
    yield
    build_metadata._import_charts.cache_clear()


def build(*rows: Sequence[str | None]) -> dict[str, Any]:
    report = {"model": "model.sales.daily_sales", "row_count": 7, "columns": NAMES, "rows": list(rows)}
    output = dg.Output(None, metadata={"unique_id": "model.sales.daily_sales"})
    metadata: dict[str, Any] = add_build_metadata(output, report, MANIFEST).metadata
    return metadata


def test_values_have_the_types_of_the_models_yaml_and_nulls_stay_nulls() -> None:
    rows = parse_rows([*NAMES, "more"], [[*ROW, "5"], ["2025-01-16", None, "1", None, None, "6"]], COLUMNS)
    assert [str(type_) for type_ in rows.dtypes[["order_date", "total_amount", "more"]]] == [
        "datetime64[ns]",
        "float64",
        "int64",
    ]
    assert rows["currency"][1] == "1"
    assert rows["channel"].isna().tolist() == rows["total_amount"].isna().tolist() == [False, True]


def test_rows_figures_and_plot_stand_beside_what_dagster_shows() -> None:
    shown = build(ROW)
    assert list(shown) == [
        "unique_id",
        "dagster/row_count",
        "last_day",
        "orders_of_last_day",
        "sales_of_last_day",
        "revenue_of_last_day_eur",
        "revenue_of_week_eur",
        "plot",
    ]
    assert shown["revenue_of_last_day_eur"].value == 12.3456


def test_a_table_without_rows_and_an_event_of_another_kind_have_no_figures() -> None:
    assert list(build()) == ["unique_id", "dagster/row_count"]
    check = dg.AssetCheckResult(passed=True)
    assert add_build_metadata(check, None, MANIFEST) is check


def test_without_the_extra_there_is_no_plot_and_the_log_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    found = builtins.__import__

    def without_altair(name: str, *args: Any, **options: Any) -> Any:
        if name == "altair":
            raise ModuleNotFoundError(name=name)
        return found(name, *args, **options)

    monkeypatch.delitem(sys.modules, "sales_assets.reports.charts", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_altair)
    with caplog.at_level(logging.INFO):
        assert "plot" not in build(ROW)
        assert "plot" not in build(ROW)
    assert [record.message for record in caplog.records if "sales_assets[reports]" in record.message] == [
        "Gold has no plots in the catalog: the extra `reports` is not installed. "
        "To have them: pip install 'sales_assets[reports]'"
    ]


def test_a_plot_that_cannot_be_drawn_costs_no_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(rows: pd.DataFrame) -> Any:
        message = f"{len(rows)} row(s) cannot be summed"
        raise ValueError(message)

    monkeypatch.setattr(build_metadata, "SUMMARIES", {"daily_sales": broken})
    assert list(build(ROW)) == ["unique_id", "dagster/row_count"]
    assert "daily_sales is built, but has no key figures and no plot" in caplog.text
