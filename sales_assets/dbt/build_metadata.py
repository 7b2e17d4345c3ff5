"""What the catalog shows of a table that dbt has built: its rows, its key figures and its plot.

Which rows dbt reports is in the macro `report_build`; how they become figures and plots is in `reports/`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import dagster as dg
import pandas as pd

from sales_assets.reports.drawings import can_draw, draw_markdown
from sales_assets.reports.key_figures import SUMMARIES

Report = Mapping[str, Any]
"""What the macro `report_build` says of a table: its id, its number of rows, and recent rows."""


@dataclass
class _WaitingTable:
    """A table that is built and not described yet; of its events, the output is the first."""

    name: str
    rows: pd.DataFrame
    figures: Mapping[str, Any]
    events: list[Any] = field(default_factory=list)


class BuiltTables:
    """Describes the tables of a dbt run. Those with recent rows wait for their plots until dbt has ended.

    Plots need the memory that dbt's queries have until then.

    Args:
        manifest: dbt's manifest, which has the types of the models' columns.
    """

    def __init__(self, manifest: Mapping[str, Any]):
        self._nodes = manifest["nodes"]
        self._waiting: dict[dg.AssetKey, _WaitingTable] = {}

    def describe(self, event: Any, asset: dg.AssetKey, report: Report | None) -> Iterator[Any]:
        """Add the number of rows to the output of a model; any other event stays as it is.

        Args:
            event: An event of the dbt run.
            asset: What the event is about.
            report: What was reported of the model, if the event is its output.

        Yields:
            The event, unless it is of a table that waits.
        """
        if report is not None and isinstance(event, dg.Output):
            event = _add_metadata(event, {"dagster/row_count": report["row_count"]})
            if table := _summarize(self._nodes[report["model"]], report):
                self._waiting[asset] = table
        if asset in self._waiting:
            self._waiting[asset].events.append(event)
        else:
            yield event

    def describe_waiting(self) -> Iterator[Any]:
        """Yield the events of the tables that wait, with their figures and plots."""
        plots = _draw_plots({table.name: table.rows for table in self._waiting.values()})
        for table in self._waiting.values():
            output, *checks = table.events
            yield _add_metadata(output, {**table.figures, **plots.get(table.name, {})})
            yield from checks


def _summarize(model: Mapping[str, Any], report: Report) -> _WaitingTable | None:
    """Summarize the reported rows; without rows, or if that fails, the table does not wait."""
    name = model["name"]
    if not report["rows"]:
        return None
    try:
        rows = parse_rows(report["columns"], report["rows"], model["columns"])
        figures = SUMMARIES[name](rows) if name in SUMMARIES else {}
    except Exception as error:
        dg.get_dagster_logger().warning(
            f"{name} is built, but has no key figures and no plot: {error!r}. The stored data is complete."
        )
        return None
    return _WaitingTable(name, rows, figures)


def _add_metadata(event: dg.Output[Any], metadata: Mapping[str, Any]) -> dg.Output[Any]:
    return event.with_metadata({**event.metadata, **metadata})


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


def _draw_plots(rows: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, Any]]:
    """Draw the plots of tables, by name; if that fails, the tables are built all the same."""
    if not rows:
        return {}
    if not can_draw():
        dg.get_dagster_logger().info(
            "Gold has no plots in the catalog: the extra `reports` is not installed. "
            "To have them: pip install 'sales_assets[reports]'"
        )
        return {}
    try:
        plots = import_module("sales_assets.reports.charts").PLOTS
        drawn = draw_markdown({name: plots[name](each) for name, each in rows.items() if name in plots})
    except Exception as error:
        dg.get_dagster_logger().warning(
            f"{', '.join(rows)}: built, but without plots: {error!r}. The stored data is complete."
        )
        return {}
    return {name: {"plot": dg.MetadataValue.md(plot)} for name, plot in drawn.items()}
