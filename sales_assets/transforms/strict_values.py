"""Strict parsers for the values of files: each returns null where a value does not fit exactly.

No value is guessed, rounded or cut. Which column uses which parser, and how a bad value is reported, is
decided in `marketplace_orders.py`.
"""

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

LARGEST_INTEGER = 2**31 - 1

_MONEY = pa.decimal128(18, 4)
_MONEY_LIMIT = Decimal(10) ** 14
_TIMESTAMP = pa.timestamp("us", tz="UTC")
_FIRST = pa.scalar(datetime.min.replace(tzinfo=UTC), _TIMESTAMP)
_LAST = pa.scalar(datetime.max.replace(tzinfo=UTC), _TIMESTAMP)

_WHOLE_NUMBER = r"^\d{1,10}$"
_AMOUNT = r"^\d{1,14}(\.\d{1,4}0{0,16})?$"
_ISO_TIMESTAMP = (
    r"^\d{4}-\d{2}-\d{2}"
    r"([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6}0{0,3})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?$"
)


def is_blank(texts: pa.Array) -> pa.Array:
    """Return where a text is null, empty or only white space."""
    return pc.fill_null(pc.equal(pc.utf8_trim_whitespace(texts), ""), True)


def keep_where(values: pa.Array, is_good: pa.Array) -> pa.Array:
    """Return the values, with null where `is_good` is false or null."""
    return pc.if_else(is_good, values, pa.scalar(None, values.type))


def keep_matches(texts: pa.Array, pattern: str) -> pa.Array:
    """Return the texts, with null where a text does not match a regular expression."""
    return keep_where(texts, pc.match_substring_regex(texts, pattern))


def parse_text(texts: pa.Array) -> pa.Array:
    """Return texts that are not blank, unchanged. NUL characters are refused: no database stores them."""
    has_nul = pc.match_substring(texts, "\0")
    return keep_where(texts, pc.and_not(pc.invert(has_nul), is_blank(texts)))


def parse_quantity(texts: pa.Array) -> pa.Array:
    """Parse whole numbers of 0 or more that fit into 32 bits and consist of digits only."""
    numbers = keep_matches(texts, _WHOLE_NUMBER).cast(pa.int64())
    return keep_where(numbers, pc.less_equal(numbers, LARGEST_INTEGER)).cast(pa.int32())


def parse_money(values: pa.Array) -> pa.Array:
    """Parse amounts of 0 or more, from text or decimals. Beyond four decimal places, only zeros fit."""
    if not pa.types.is_decimal(values.type):
        return keep_matches(values, _AMOUNT).cast(_MONEY)
    wide = values.cast(pa.decimal256(76, max(values.type.scale, 4)))
    is_in_range = pc.and_(pc.greater_equal(wide, Decimal(0)), pc.less(wide, _MONEY_LIMIT))
    is_exact = pc.equal(pc.round(wide, ndigits=4), wide)
    return keep_where(wide, pc.and_(is_in_range, is_exact)).cast(_MONEY)


def to_timestamp(values: pa.Array) -> pa.Array:
    """Parse ISO text, timestamps or dates to microseconds in UTC. Without a time zone, they are in UTC."""
    if pa.types.is_string(values.type):
        return pa.array(map(_parse_iso, keep_matches(values, _ISO_TIMESTAMP).to_pylist()), _TIMESTAMP)
    if pa.types.is_date(values.type):
        values = values.cast(pa.timestamp("us"))
    if not pa.types.is_timestamp(values.type):
        return pa.nulls(len(values), _TIMESTAMP)
    is_exact = pc.equal(pc.floor_temporal(values, unit="microsecond"), values)
    exact = keep_where(values, is_exact).cast(pa.timestamp("us", tz=values.type.tz)).cast(_TIMESTAMP)
    return keep_where(exact, pc.and_(pc.greater_equal(exact, _FIRST), pc.less_equal(exact, _LAST)))


def _parse_iso(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(text)
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
