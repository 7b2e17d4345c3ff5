"""What the catalog shows of a table that dbt has built: its rows, its key figures and its plot.

Which rows dbt reports is in the macro `report_build`; how they become figures and plots is in `reports/`.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import dagster as dg
import pandas as pd

from sales_assets.reports.key_figures import SUMMARIES

_CHARTS = ("altair", "vl_convert")
"""The packages of the extra `reports`."""


def add_build_metadata(event: Any, report: Mapping[str, Any] | None, manifest: Mapping[str, Any]) -> Any:
    """Add rows, key figures and plot to the output of a model; any other event stays as it is.

    Args:
        event: An event of the dbt run.
        report: What the macro `report_build` said of the model: its id, row count and recent rows.
        manifest: dbt's manifest, which has the types of the model's columns.
    """
    if report is None or not isinstance(event, dg.Output):
        return event
    model = manifest["nodes"][report["model"]]
    metadata = {"dagster/row_count": report["row_count"], **_build_figures(model, report)}
    return event.with_metadata({**event.metadata, **metadata})


def _build_figures(model: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, Any]:
    """Summarize and plot the reported rows; if that fails, the table is built all the same."""
    name = model["name"]
    if not report["rows"]:
        return {}
    try:
        rows = parse_rows(report["columns"], report["rows"], model["columns"])
        return {**(SUMMARIES[name](rows) if name in SUMMARIES else {}), **_build_plot(name, rows)}
    except Exception as error:
        dg.get_dagster_logger().warning(
            f"{name} is built, but has no key figures and no plot: {error!r}. The stored data is complete."
        )
        return {}


def _build_plot(name: str, rows: pd.DataFrame) -> dict[str, Any]:
    charts = _import_charts()
    if charts is None or name not in charts.PLOTS:
        return {}
    return {"plot": dg.MetadataValue.md(charts.to_markdown(charts.PLOTS[name](rows), name))}


def parse_rows(
    columns: Sequence[str], rows: Sequence[Sequence[str | None]], declared: Mapping[str, Mapping[str, Any]]
) -> pd.DataFrame:
    """Parse rows of text into the types that the model's YAML declares.

    Args:
        columns: The columns' names.
        rows: Their values as text.
        declared: The model's columns by name, with `data_type`; what it does not declare is a number.

    Returns:
        Dates as midnights, numbers as floats or integers, text.
    """
    frame = pd.DataFrame(list(rows), columns=list(columns))
    for name in columns:
        match declared.get(name, {}).get("data_type", "number"):
            case "date":
                frame[name] = pd.to_datetime(frame[name])
            case "varchar":
                pass
            case _:
                frame[name] = pd.to_numeric(frame[name])
    return frame


@cache
def _import_charts() -> ModuleType | None:
    """Import the charts when the first one is drawn; None without their packages, which the log says once."""
    try:
        return import_module("sales_assets.reports.charts")
    except ModuleNotFoundError as error:
        if error.name not in _CHARTS:
            raise
    dg.get_dagster_logger().info(
        "Gold has no plots in the catalog: the extra `reports` is not installed. "
        "To have them: pip install 'sales_assets[reports]'"
    )
    return None
