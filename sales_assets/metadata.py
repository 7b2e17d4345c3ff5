"""What an asset reports beside its rows: amounts, the window, a preview that shows nobody's data.

What any table reports (rows, columns, query) comes from the warehouse's IO manager instead.
"""

import html
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dagster as dg
import pandas as pd

from sales_assets.taxonomy import PERSONAL_DATA_TAG

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
    of_day: Callable[[pd.Timestamp], Mapping[str, Any]] | None = None,
) -> None:
    """Attach to each partition what its own rows add up to.

    Args:
        context: Of the asset.
        frame: The rows to be stored.
        contract: Tells which columns hold personal data.
        days: The business day of each row.
        reported: The partitions to report.
        of_day: What else to report of a day.
    """
    groups = dict(list(frame.groupby(days)))
    for key in reported:
        day = pd.Timestamp(key)
        rows = groups.get(day, frame.iloc[:0])
        more = {} if of_day is None else of_day(day)
        context.add_asset_metadata({**summary(rows, contract), **more}, partition_key=key)


def summary(rows: pd.DataFrame, contract: dg.TableSchema) -> dict[str, Any]:
    """Row count, total amount where there is one, and a preview."""
    metadata: dict[str, Any] = {
        "row_count": len(rows),
        "preview": dg.MetadataValue.md(preview(rows, contract)),
    }
    if "total_amount" in rows:
        metadata["total_amount"] = round(math.fsum(rows["total_amount"]), 4)
    return metadata


def preview(rows: pd.DataFrame, contract: dg.TableSchema, limit: int = 5) -> str:
    """The first rows as a Markdown table, escaped, with personal data masked.

    Args:
        rows: Any frame.
        contract: Tells which columns hold personal data.
        limit: How many rows to show.
    """
    head = rows.head(limit).astype(object)
    shown = head.where(head.notna(), "").map(_escaped)
    for column in [column for column in contract.columns if column.name in shown]:
        if PERSONAL_DATA_TAG in column.tags:
            shown[column.name] = "•••"
        elif column.type == "DATE":
            shown[column.name] = shown[column.name].str.slice(stop=len("2025-01-15"))
    return str(shown.to_markdown(index=False, disable_numparse=True))


def _escaped(value: object) -> str:
    return html.escape(str(value), quote=False).translate(_MARKDOWN)
