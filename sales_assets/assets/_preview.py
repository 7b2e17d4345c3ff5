"""The metadata of a materialization: row count, total amount, and a preview with personal data redacted.

What every table has (rows, columns, query) is added by the warehouse's IO manager instead.
"""

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from sales_assets.catalog.names import PERSONAL_DATA_TAG
from sales_assets.redaction import MASK, cut_text

PREVIEW_ROWS = 5

_MARKDOWN = str.maketrans(
    {character: f"\\{character}" for character in r"\`*_{}[]()#+!|~"} | {"\n": " ", "\r": " "}
)


def report_days(
    context: dg.AssetExecutionContext,
    frame: pd.DataFrame,
    days: pd.Series,
    contract: dg.TableSchema,
    reported: Sequence[str],
    *,
    metadata: Mapping[pd.Timestamp, Mapping[str, Any]],
) -> None:
    """Attach to each partition its own row count, total amount and preview.

    Args:
        context: The asset's context.
        frame: The rows to be stored.
        days: The business day of each row.
        contract: Its columns; those with personal data are tagged.
        reported: The partitions to report.
        metadata: By business day, what else to report.
    """
    positions: Mapping[Any, Any] = frame.groupby(days.to_numpy()).indices
    previews = _preview_days(frame, positions, contract)
    amounts = frame["total_amount"].to_numpy() if "total_amount" in frame else None
    for key in reported:
        day = pd.Timestamp(key)
        of_this = positions.get(day, np.array([], dtype=int))
        of_day: dict[str, Any] = {
            "row_count": len(of_this),
            "preview": dg.MetadataValue.md(_to_markdown(previews.get(day, frame.iloc[:0]))),
        }
        if amounts is not None:
            of_day["total_amount"] = round(math.fsum(amounts[of_this].tolist()), 4)
        context.add_asset_metadata({**of_day, **metadata.get(day, {})}, partition_key=key)


def _preview_days(
    frame: pd.DataFrame, positions: Mapping[Any, Any], contract: dg.TableSchema
) -> dict[Any, pd.DataFrame]:
    """The first rows of each day, as text to show."""
    first = [found[:PREVIEW_ROWS] for found in positions.values()]
    shown = redact_rows(frame.take(np.concatenate([[], *first]).astype(int)), contract)
    ends = np.cumsum([0, *map(len, first)])
    return {day: shown.iloc[start:end] for day, start, end in zip(positions, ends, ends[1:], strict=False)}


def redact_rows(rows: pd.DataFrame, contract: dg.TableSchema) -> pd.DataFrame:
    """Rows as text to show: escaped for Markdown, with personal data redacted.

    Args:
        rows: Any frame.
        contract: Its columns; those with personal data are tagged.
    """
    values = rows.astype(object)
    shown = values.where(values.notna(), "").map(_escape)
    for column in [column for column in contract.columns if column.name in shown]:
        if PERSONAL_DATA_TAG in column.tags:
            shown[column.name] = MASK
        elif column.type == "DATE":
            shown[column.name] = shown[column.name].str.slice(stop=len("2025-01-15"))
    return shown


def preview_table(rows: pd.DataFrame, contract: dg.TableSchema) -> str:
    """Rows as a Markdown table; see `redact_rows`."""
    return _to_markdown(redact_rows(rows, contract))


def _to_markdown(shown: pd.DataFrame) -> str:
    return str(shown.to_markdown(index=False, disable_numparse=True))


def _escape(value: object) -> str:
    return html.escape(cut_text(str(value)), quote=False).translate(_MARKDOWN)
