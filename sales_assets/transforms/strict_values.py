"""Values of files parsed strictly: each function gives the value, or null where it does not fit exactly.

Nothing is guessed, rounded or cut. Which column needs which, and what a misfit is called, is not said here.
"""

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

MONEY = pa.decimal128(18, 4)
INSTANT = pa.timestamp("us", tz="UTC")
LARGEST_INTEGER = 2**31 - 1

_FIRST = pa.scalar(datetime.min.replace(tzinfo=UTC), INSTANT)
_LAST = pa.scalar(datetime.max.replace(tzinfo=UTC), INSTANT)

_TOO_MUCH = Decimal(10) ** 14
_WHOLE = r"^\d{1,10}$"
_AMOUNT = r"^\d{1,14}(\.\d{1,4}0{0,16})?$"
_ISO = (
    r"^\d{4}-\d{2}-\d{2}"
    r"([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6}0{0,3})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?$"
)


def is_blank(texts: pa.Array) -> pa.Array:
    """Where there is nothing, or nothing but white space."""
    return pc.fill_null(pc.equal(pc.utf8_trim_whitespace(texts), ""), True)


def kept(values: pa.Array, is_good: pa.Array) -> pa.Array:
    """The good values, and null for the others."""
    return pc.if_else(is_good, values, pa.scalar(None, values.type))


def matching(texts: pa.Array, pattern: str) -> pa.Array:
    """The texts that match a regular expression."""
    return kept(texts, pc.match_substring_regex(texts, pattern))


def text(texts: pa.Array) -> pa.Array:
    """Texts with something in them, as they are; no database takes a NUL character."""
    return kept(texts, pc.and_not(pc.invert(pc.match_substring(texts, "\0")), is_blank(texts)))


def quantity(texts: pa.Array) -> pa.Array:
    """Whole numbers from 0 on that fit into 32 bits, written in digits alone."""
    numbers = matching(texts, _WHOLE).cast(pa.int64())
    return kept(numbers, pc.less_equal(numbers, LARGEST_INTEGER)).cast(pa.int32())


def money(values: pa.Array) -> pa.Array:
    """Amounts from 0 on with four digits behind the point, from text or decimals; more zeros are nothing."""
    if not pa.types.is_decimal(values.type):
        return matching(values, _AMOUNT).cast(MONEY)
    wide = values.cast(pa.decimal256(76, max(values.type.scale, 4)))
    fits = pc.and_(pc.greater_equal(wide, Decimal(0)), pc.less(wide, _TOO_MUCH))
    return kept(wide, pc.and_(fits, pc.equal(pc.round(wide, ndigits=4), wide))).cast(MONEY)


def instant(values: pa.Array) -> pa.Array:
    """Instants to the microsecond, from ISO text, timestamps or dates; without a zone they are in UTC."""
    if pa.types.is_string(values.type):
        return pa.array(map(_parsed_instant, matching(values, _ISO).to_pylist()), INSTANT)
    if pa.types.is_date(values.type):
        values = values.cast(pa.timestamp("us"))
    if not pa.types.is_timestamp(values.type):
        return pa.nulls(len(values), INSTANT)
    exact = pc.equal(pc.floor_temporal(values, unit="microsecond"), values)
    instants = kept(values, exact).cast(pa.timestamp("us", tz=values.type.tz)).cast(INSTANT)
    return kept(instants, pc.and_(pc.greater_equal(instants, _FIRST), pc.less_equal(instants, _LAST)))


def _parsed_instant(written: str | None) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(written) if written else None
        if parsed is None:
            return None
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
