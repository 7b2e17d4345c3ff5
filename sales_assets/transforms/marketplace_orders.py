"""What an order line of a marketplace has to be: the types of its columns, parsed strictly.

Values come as text, or in a Parquet file's own types. One that does not fit is refused with its place, column
and value; nothing is guessed, rounded or taken for null. How files are read does not belong here.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sales_assets.redaction import MASK
from sales_assets.transforms.strict_values import (
    LARGEST_INTEGER,
    instant,
    is_blank,
    kept,
    matching,
    money,
    quantity,
    text,
)

ERP_CHANNEL = "erp"
"""The channel of the ERP's own orders in gold; no marketplace may have this name."""

SHOWN_CHARACTERS = 60

_CURRENCY = r"^[A-Za-z]{3}$"


class BadFileError(ValueError):
    """A file that cannot be taken: says where in it, and what is wrong there."""


def typed(columns: Mapping[str, pa.Array], places: Sequence[str]) -> pd.DataFrame:
    """Order lines in the types in which they are stored.

    Args:
        columns: The values of each of `COLUMNS`.
        places: Where each row stands in its file, such as `line 17`.

    Returns:
        qty as integers, unit_price as exact decimals, order_date in UTC; all of Arrow's types.

    Raises:
        BadFileError: Some values do not fit; names the place, column and value of the first.
    """
    parsed: dict[str, pa.Array] = {}
    faults: dict[int, tuple[str, object]] = {}
    for name, parse in _PARSERS.items():
        values = _plain(columns[name], name)
        parsed[name] = _parsed(parse, values, name)
        bad = pc.index(_is_bad(values, parsed[name], name), True).as_py()
        if bad >= 0:
            faults.setdefault(bad, (name, _native(values[bad])))
    if faults:
        first = min(faults)
        raise _fault(places[first], *faults[first])
    orders: pd.DataFrame = pa.table(parsed).to_pandas(types_mapper=pd.ArrowDtype)
    return orders


def amounts(orders: pd.DataFrame) -> dict[str, Decimal]:
    """The exact sum of quantity times unit price, by currency.

    Args:
        orders: What `typed` returns.
    """
    lines = pa.table({name: pa.array(orders[name]) for name in ("currency", "qty", "unit_price")})
    amount = pc.multiply(lines["qty"].cast(pa.decimal128(10, 0)), lines["unit_price"])
    sums = pa.table({"currency": lines["currency"], "amount": amount}).group_by("currency")
    totals = sums.aggregate([("amount", "sum")]).to_pydict()
    return dict(zip(totals["currency"], totals["amount_sum"], strict=True))


def _parsed(parse: Callable[[pa.Array], pa.Array], values: pa.Array, name: str) -> pa.Array:
    try:
        return parse(values)
    except pa.ArrowException as error:
        message = f"Column {name}, of type {values.type}: {error}."
        raise BadFileError(message) from None


def _plain(values: pa.Array, name: str) -> pa.Array:
    """Decimals, instants and dates as they are, everything else as its text: 3 is '3', and 3.5 is '3.5'.

    A number that is no integer is no id: its text may be another than the one who wrote it meant.
    """
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    is_, type_ = pa.types, values.type
    if (name == "unit_price" and is_.is_decimal(type_)) or (name == "order_date" and is_.is_temporal(type_)):
        return values
    is_text = is_.is_integer(type_) or is_.is_null(type_) or str(type_).endswith(("string", "binary"))
    try:
        if is_text or name in _EXPECTED.keys() - {"marketplace", "currency"}:
            return values.cast(pa.string())
    except pa.ArrowException:
        pass
    message = f"Column {name} is of type {type_}, which does not fit."
    raise BadFileError(message)


def _native(value: pa.Scalar) -> object:
    try:
        return value.as_py()
    except (ValueError, OverflowError):
        return "a value beyond the year 9999"


def _is_bad(values: pa.Array, parsed: pa.Array, name: str) -> pa.Array:
    """Where a value did not parse; nothing at all is a fault only where something is needed."""
    bad = pc.is_null(parsed)
    if name in OPTIONAL:
        bad = pc.and_not(bad, is_blank(values))
    return bad


def _marketplace(texts: pa.Array) -> pa.Array:
    names = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    return kept(text(texts), pc.not_equal(names, ERP_CHANNEL))


def _currency(texts: pa.Array) -> pa.Array:
    return matching(texts, _CURRENCY)


_PARSERS: Mapping[str, Callable[[pa.Array], pa.Array]] = {
    "order_id": text,
    "marketplace": _marketplace,
    "order_date": instant,
    "customer_email": text,
    "sku": text,
    "qty": quantity,
    "unit_price": money,
    "currency": _currency,
}
_EXPECTED = {
    "marketplace": f"a name other than {ERP_CHANNEL}",
    "order_date": "an ISO timestamp such as 2025-01-15T10:30:00+01:00, to the microsecond",
    "qty": f"a whole number from 0 to {LARGEST_INTEGER}",
    "unit_price": "an amount of 0 or more such as 12.5, with up to 14 digits before and 4 behind the point",
    "currency": "a currency's three letters, such as EUR",
}
COLUMNS = tuple(_PARSERS)
"""The columns that a file has to have, in any order."""

OPTIONAL = frozenset({"customer_email"})
"""Those that may be empty."""

PERSONAL = frozenset({"customer_email"})
"""Those whose values are never shown."""


def _fault(place: str, name: str, value: object) -> BadFileError:
    expected = _EXPECTED.get(name, "a text that can be stored: not empty, and without a NUL character")
    given = MASK if name in PERSONAL else shown(value)
    return BadFileError(f"{place.capitalize()}, column {name}: {given} is not {expected}.")


def shown(value: object) -> str:
    """A value for an error: shortened, and not at all if it is an e-mail address that slipped in."""
    written = "nothing" if value is None or value == "" else repr(str(value))
    if "@" in written:
        return MASK
    return written if len(written) <= SHOWN_CHARACTERS else f"{written[:SHOWN_CHARACTERS]}…"
