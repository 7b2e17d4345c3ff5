"""What an asset reports beside its rows: amounts, the window, a preview that shows nobody's data.

What any table reports (rows, columns, query) comes from the warehouse's IO manager instead.
"""

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import pandas as pd

from sales_assets.catalog.names import PERSONAL_DATA_TAG

PREVIEW_ROWS = 5

_MARKDOWN = str.maketrans(
    {character: f"\\{character}" for character in r"\`*_{}[]()#+!|~"} | {"\n": " ", "\r": " "}
)


def report(
    context: dg.AssetExecutionContext,
    frame: pd.DataFrame,
    contract: dg.TableSchema,
    days: pd.Series,
    reported: Sequence[str],
    *,
    by_day: Mapping[pd.Timestamp, Mapping[str, Any]],
) -> None:
    """Attach to each partition what its own rows add up to.

    Args:
        context: Of the asset.
        frame: The rows to be stored.
        contract: Tells which columns hold personal data.
        days: The business day of each row.
        reported: The partitions to report.
        by_day: What else to report of a day.
    """
    positions: Mapping[Any, Any] = frame.groupby(days.to_numpy()).indices
    first = [position for found in positions.values() for position in found[:PREVIEW_ROWS]]
    shown = masked(frame.take(first), contract).set_index(days.to_numpy()[first])
    for key in reported:
        day = pd.Timestamp(key)
        of_this = positions.get(day, [])
        metadata: dict[str, Any] = {
            "row_count": len(of_this),
            "preview": dg.MetadataValue.md(_markdown(shown.loc[shown.index == day])),
        }
        if "total_amount" in frame:
            metadata["total_amount"] = round(math.fsum(frame["total_amount"].take(of_this)), 4)
        context.add_asset_metadata({**metadata, **by_day.get(day, {})}, partition_key=key)


def masked(rows: pd.DataFrame, contract: dg.TableSchema) -> pd.DataFrame:
    """Rows as text that may be shown: escaped for Markdown, with personal data masked.

    Args:
        rows: Any frame.
        contract: Tells which columns hold personal data.
    """
    values = rows.astype(object)
    shown = values.where(values.notna(), "").map(_escaped)
    for column in [column for column in contract.columns if column.name in shown]:
        if PERSONAL_DATA_TAG in column.tags:
            shown[column.name] = "•••"
        elif column.type == "DATE":
            shown[column.name] = shown[column.name].str.slice(stop=len("2025-01-15"))
    return shown


def preview(rows: pd.DataFrame, contract: dg.TableSchema) -> str:
    """Rows as a Markdown table; see `masked`."""
    return _markdown(masked(rows, contract))


def _markdown(shown: pd.DataFrame) -> str:
    return str(shown.to_markdown(index=False, disable_numparse=True))


def _escaped(value: object) -> str:
    return html.escape(str(value), quote=False).translate(_MARKDOWN)
