"""What an order line of a marketplace must contain: its columns, and the strict parser of each.

Values come as text, or in a Parquet file's own types. A value that does not fit is refused with its place,
column and value; no value is guessed, rounded or replaced by null. Files are read elsewhere.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sales_assets.redaction import MASK, redact_error
from sales_assets.transforms.strict_values import (
    LARGEST_INTEGER,
    is_blank,
    keep_matches,
    keep_where,
    parse_money,
    parse_quantity,
    parse_text,
    to_timestamp,
)

ERP_CHANNEL = "erp"
"""The channel of the ERP's own orders in gold; a marketplace must not use this name."""

SHOWN_CHARACTERS = 60

_CURRENCY = r"^[A-Za-z]{3}$"


class BadFileError(ValueError):
    """A file that cannot be loaded; names the place in it and what is wrong there."""


def _parse_marketplace(texts: pa.Array) -> pa.Array:
    names = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    return keep_where(parse_text(texts), pc.not_equal(names, ERP_CHANNEL))


def _parse_currency(texts: pa.Array) -> pa.Array:
    return keep_matches(texts, _CURRENCY)


_PARSERS: Mapping[str, Callable[[pa.Array], pa.Array]] = {
    "order_id": parse_text,
    "marketplace": _parse_marketplace,
    "order_date": to_timestamp,
    "customer_email": parse_text,
    "sku": parse_text,
    "qty": parse_quantity,
    "unit_price": parse_money,
    "currency": _parse_currency,
}
_EXPECTED = {
    "marketplace": f"a name other than {ERP_CHANNEL}",
    "order_date": "an ISO timestamp such as 2025-01-15T10:30:00+01:00, to the microsecond",
    "qty": f"a whole number from 0 to {LARGEST_INTEGER}",
    "unit_price": "an amount of 0 or more such as 12.5, with up to 14 digits before and 4 after the point",
    "currency": "three letters such as EUR",
}
_EXPECTED_TEXT = "non-empty text without NUL characters"

FILE_COLUMNS = tuple(_PARSERS)
"""The columns that a file must have, in any order."""

_OPTIONAL_COLUMNS = frozenset({"customer_email"})
_PARSED_FROM_ANY_TYPE = frozenset({"order_date", "qty", "unit_price"})
"""Columns that are no names or ids, so the text of a number or a boolean is parsed like the text of a CSV."""


def parse_order_lines(
    columns: Mapping[str, pa.Array],
    places: Sequence[str],
    personal_columns: Collection[str] = FILE_COLUMNS,
) -> pd.DataFrame:
    """Parse order lines into the types in which they are stored.

    Args:
        columns: The values of each of `FILE_COLUMNS`.
        places: Where each row is in its file, such as `line 17`.
        personal_columns: The columns whose values an error must not show; by default, no value is shown.

    Returns:
        qty as integers, unit_price as exact decimals, order_date in UTC; all of Arrow's types.

    Raises:
        BadFileError: A value does not fit; names the place, column and value of the first one.
    """
    parsed: dict[str, pa.Array] = {}
    bad_values: dict[int, tuple[str, object]] = {}
    for name in FILE_COLUMNS:
        values = _simplify_type(columns[name], name)
        parsed[name] = _parse_column(values, name)
        row = pc.index(_is_bad(values, parsed[name], name), True).as_py()
        if row >= 0:
            bad_values.setdefault(row, (name, _to_python(values[row])))
    if bad_values:
        row = min(bad_values)
        name, value = bad_values[row]
        raise _build_error(places[row], name, MASK if name in personal_columns else format_value(value))
    lines: pd.DataFrame = pa.table(parsed).to_pandas(types_mapper=pd.ArrowDtype)
    return lines


def sum_amounts(lines: pd.DataFrame) -> dict[str, Decimal]:
    """Return the exact sum of quantity times unit price, by currency.

    Args:
        lines: Parsed by `parse_order_lines`.
    """
    table = pa.table({name: pa.array(lines[name]) for name in ("currency", "qty", "unit_price")})
    amount = pc.multiply(table["qty"].cast(pa.decimal128(10, 0)), table["unit_price"])
    sums = pa.table({"currency": table["currency"], "amount": amount}).group_by("currency")
    totals = sums.aggregate([("amount", "sum")]).to_pydict()
    return dict(zip(totals["currency"], totals["amount_sum"], strict=True))


def format_value(value: object) -> str:
    """Format a value for an error: shortened, and redacted if it contains an e-mail address."""
    if value is None or value == "":
        return "an empty value"
    text = repr(str(value))
    if "@" in text:
        return MASK
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def _simplify_type(values: pa.Array, name: str) -> pa.Array:
    """Convert a column to text, except decimals and timestamps: 3 becomes '3', and 3.5 becomes '3.5'.

    A float or a boolean is refused where a name or an id is expected: its text may differ from what the
    sender meant.
    """
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    types, type_ = pa.types, values.type
    is_money = name == "unit_price" and types.is_decimal(type_)
    if is_money or (name == "order_date" and types.is_temporal(type_)):
        return values
    is_text = types.is_integer(type_) or types.is_null(type_) or str(type_).endswith(("string", "binary"))
    try:
        if is_text or name in _PARSED_FROM_ANY_TYPE:
            return values.cast(pa.string())
    except pa.ArrowException:
        pass
    message = f"Column {name}: values of type {type_} are not accepted."
    raise BadFileError(message)


def _parse_column(values: pa.Array, name: str) -> pa.Array:
    try:
        return _PARSERS[name](values)
    except pa.ArrowException as error:
        message = f"Column {name}, of type {values.type}: {redact_error(str(error))}."
        raise BadFileError(message) from None


def _is_bad(values: pa.Array, parsed: pa.Array, name: str) -> pa.Array:
    """Return where a value did not parse. Only optional columns may have blank values."""
    is_bad = pc.is_null(parsed)
    return pc.and_not(is_bad, is_blank(values)) if name in _OPTIONAL_COLUMNS else is_bad


def _to_python(value: pa.Scalar) -> object:
    try:
        return value.as_py()
    except (ValueError, OverflowError):
        return "a value beyond the year 9999"


def _build_error(place: str, name: str, value: str) -> BadFileError:
    expected = _EXPECTED.get(name, _EXPECTED_TEXT)
    return BadFileError(f"{place.capitalize()}, column {name}: expected {expected}, got {value}.")
