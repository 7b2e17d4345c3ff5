"""What an order line of a marketplace has to be: the types of its columns, parsed strictly.

Values come as text, or in a Parquet file's own types. One that does not fit is refused with its place, column
and value; nothing is guessed, rounded or taken for null. How files are read does not belong here.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

ERP_CHANNEL = "erp"
"""The channel of the ERP's own orders in gold; no marketplace may have this name."""

MONEY = pa.decimal128(18, 4)
INSTANT = pa.timestamp("us", tz="UTC")
SHOWN_CHARACTERS = 60

_LARGEST = {"qty": 2**31 - 1, "unit_price": Decimal(10) ** 14}
_WHOLE = r"^\d{1,10}$"
_AMOUNT = r"^\d{1,14}(\.\d{1,4}0{0,16})?$"
_CURRENCY = r"^[A-Za-z]{3}$"
_ISO = (
    r"^\d{4}-\d{2}-\d{2}"
    r"([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6}0{0,3})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?$"
)


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
        parsed[name] = parse(values)
        bad = pc.index(_is_bad(values, parsed[name], name), True).as_py()
        if bad >= 0:
            faults.setdefault(bad, (name, values[bad].as_py()))
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


def _is_bad(values: pa.Array, parsed: pa.Array, name: str) -> pa.Array:
    """Where a value did not parse; nothing at all is a fault only where something is needed."""
    bad = pc.is_null(parsed)
    if name in OPTIONAL:
        bad = pc.and_not(bad, _is_blank(values))
    return bad


def _is_blank(texts: pa.Array) -> pa.Array:
    return pc.fill_null(pc.equal(pc.utf8_trim_whitespace(texts), ""), True)


def _kept(values: pa.Array, is_good: pa.Array) -> pa.Array:
    """The good values, and null for the others."""
    return pc.if_else(is_good, values, pa.scalar(None, values.type))


def _matching(texts: pa.Array, pattern: str) -> pa.Array:
    return _kept(texts, pc.match_substring_regex(texts, pattern))


def _text(texts: pa.Array) -> pa.Array:
    """Text with something in it, as it is; no database takes a NUL character."""
    return _kept(texts, pc.and_not(pc.invert(pc.match_substring(texts, "\0")), _is_blank(texts)))


def _marketplace(texts: pa.Array) -> pa.Array:
    names = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    return _kept(_text(texts), pc.not_equal(names, ERP_CHANNEL))


def _currency(texts: pa.Array) -> pa.Array:
    return _matching(texts, _CURRENCY)


def _quantity(texts: pa.Array) -> pa.Array:
    numbers = _matching(texts, _WHOLE).cast(pa.int64())
    return _kept(numbers, pc.less_equal(numbers, _LARGEST["qty"])).cast(pa.int32())


def _money(values: pa.Array) -> pa.Array:
    if not pa.types.is_decimal(values.type):
        return _matching(values, _AMOUNT).cast(MONEY)
    wide = values.cast(pa.decimal256(76, max(values.type.scale, 4)))
    fits = pc.and_(pc.greater_equal(wide, Decimal(0)), pc.less(wide, _LARGEST["unit_price"]))
    return _kept(wide, pc.and_(fits, pc.equal(pc.round(wide, ndigits=4), wide))).cast(MONEY)


def _instant(values: pa.Array) -> pa.Array:
    if pa.types.is_string(values.type):
        return pa.array(map(_parsed_instant, _matching(values, _ISO).to_pylist()), INSTANT)
    if pa.types.is_date(values.type):
        return values.cast(pa.timestamp("us")).cast(INSTANT)
    if not pa.types.is_timestamp(values.type):
        return pa.nulls(len(values), INSTANT)
    exact = pc.floor_temporal(values, unit="microsecond")
    return _kept(exact, pc.equal(exact, values)).cast(pa.timestamp("us", tz=values.type.tz)).cast(INSTANT)


def _parsed_instant(text: str | None) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text) if text else None
        if instant is None:
            return None
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


_PARSERS: Mapping[str, Callable[[pa.Array], pa.Array]] = {
    "order_id": _text,
    "marketplace": _marketplace,
    "order_date": _instant,
    "customer_email": _text,
    "sku": _text,
    "qty": _quantity,
    "unit_price": _money,
    "currency": _currency,
}
_EXPECTED = {
    "marketplace": f"a name other than {ERP_CHANNEL}",
    "order_date": "an ISO timestamp such as 2025-01-15T10:30:00+01:00, to the microsecond",
    "qty": f"a whole number from 0 to {_LARGEST['qty']}",
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
    given = "a value that is not shown" if name in PERSONAL else shown(value)
    return BadFileError(f"{place.capitalize()}, column {name}: {given} is not {expected}.")


def shown(value: object) -> str:
    """A value for an error: shortened, and not at all if it is an e-mail address that slipped in."""
    text = "nothing" if value is None or value == "" else repr(str(value))
    if "@" in text:
        return "a value that is not shown"
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
