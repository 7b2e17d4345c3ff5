"""The check on timestamps: every database and every tool after it must be able to hold them."""

import pandas as pd

from sales_assets.transforms.amounts import format_ids

FIRST_TIMESTAMP = pd.Timestamp("0001-01-01").as_unit("us")
LAST_TIMESTAMP = pd.Timestamp("9999-12-31 23:59:59.999999").as_unit("us")


def refuse_unstorable_timestamps(rows: pd.DataFrame, id_column: str, name: str) -> None:
    """Refuse timestamps before the year 1 or after 9999, as which PostgreSQL's infinity arrives too.

    Args:
        rows: Its columns of timestamps are checked, with or without a time zone; a null is not refused.
        id_column: The column whose values name a row.
        name: What a row is, for the message.

    Raises:
        ValueError: "Timestamps that are infinite or outside the years 1 to 9999 found", with the column and
            the first ids.
    """
    for column, unstorable in find_unstorable_timestamps(rows).items():
        if unstorable.any():
            found = format_ids(rows.loc[unstorable, id_column], name)
            message = (
                f"Timestamps that are infinite or outside the years 1 to 9999 found in {column} of {found}."
            )
            raise ValueError(message)


def find_unstorable_timestamps(rows: pd.DataFrame) -> pd.DataFrame:
    """Which timestamps `refuse_unstorable_timestamps` refuses: a boolean per row and column of timestamps."""
    instants = rows.select_dtypes(["datetime", "datetimetz"])
    found = {column: _is_unstorable(instants[column]) for column in instants}
    return pd.DataFrame(found, index=rows.index, dtype=bool)


def _is_unstorable(values: pd.Series) -> pd.Series:
    first, last = (limit.tz_localize(values.dt.tz) for limit in (FIRST_TIMESTAMP, LAST_TIMESTAMP))
    return (values < first) | (values > last)
