"""What the catalog shows of a table that dbt has built, and what happens if it cannot be drawn."""

import logging
from collections.abc import Mapping, Sequence
from subprocess import CalledProcessError
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from sales_assets.dbt import build_metadata
from sales_assets.dbt.build_metadata import BuiltTables, Report, parse_rows

NAMES = ["order_date", "channel", "currency", "order_count", "total_amount"]
TYPES = dict(zip(NAMES, ["date", "varchar", "varchar", "bigint", "decimal(38, 4)"], strict=True))
COLUMNS = {name: {"data_type": type_} for name, type_ in TYPES.items()}
MODEL, ASSET = "model.sales.daily_sales", dg.AssetKey(["gold", "daily_sales"])
MANIFEST = {"nodes": {MODEL: {"name": "daily_sales", "columns": COLUMNS}}}
ROW = ["2025-01-15", "erp", "EUR", "3", "12.3456"]


def report(*rows: Sequence[str | None]) -> Report:
    return {"model": MODEL, "row_count": 7, "columns": NAMES, "rows": list(rows)}


def build(*rows: Sequence[str | None]) -> dict[str, Any]:
    tables = BuiltTables(MANIFEST)
    output = dg.Output(None, metadata={"unique_id": MODEL})
    [described] = [*tables.describe(output, ASSET, report(*rows)), *tables.describe_waiting()]
    metadata: dict[str, Any] = described.metadata
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


def test_a_table_without_rows_and_an_event_of_another_kind_have_no_figures_and_do_not_wait() -> None:
    tables = BuiltTables(MANIFEST)
    [described] = tables.describe(dg.Output(None, metadata={"unique_id": MODEL}), ASSET, report())
    assert list(described.metadata) == ["unique_id", "dagster/row_count"]
    check = dg.AssetCheckResult(passed=True, asset_key=ASSET)
    assert list(tables.describe(check, ASSET, None)) == [check]
    assert list(tables.describe_waiting()) == []


def test_a_table_with_a_plot_waits_with_its_checks_which_come_after_it() -> None:
    tables = BuiltTables(MANIFEST)
    check = dg.AssetCheckResult(passed=True, asset_key=ASSET)
    other = dg.AssetKey("other")
    check_of_other = dg.AssetCheckResult(passed=True, asset_key=other)
    assert list(tables.describe(dg.Output(None), ASSET, report(ROW))) == []
    assert list(tables.describe(check, ASSET, None)) == []
    assert list(tables.describe(check_of_other, other, None)) == [check_of_other]
    output, checked = tables.describe_waiting()
    assert "plot" in output.metadata
    assert checked is check


def test_without_the_extra_there_is_no_plot_and_the_log_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(build_metadata, "can_draw", lambda: False)
    with caplog.at_level(logging.INFO):
        assert "plot" not in build(ROW)
    assert [record.message for record in caplog.records if "sales_assets[reports]" in record.message] == [
        "Gold has no plots in the catalog: the extra `reports` is not installed. "
        "To have them: pip install 'sales_assets[reports]'"
    ]


def test_figures_or_a_plot_that_fail_cost_no_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def killed(charts: Mapping[str, Any]) -> Any:
        raise CalledProcessError(-9, list(charts))

    def broken(rows: pd.DataFrame) -> Any:
        message = f"{len(rows)} row(s) cannot be summed"
        raise ValueError(message)

    monkeypatch.setattr(build_metadata, "draw_markdown", killed)
    assert "last_day" in build(ROW)
    assert "daily_sales: built, but without plots" in caplog.text
    monkeypatch.setattr(build_metadata, "SUMMARIES", {"daily_sales": broken})
    assert list(build(ROW)) == ["unique_id", "dagster/row_count"]
    assert "daily_sales is built, but has no key figures and no plot" in caplog.text
