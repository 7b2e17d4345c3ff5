"""Order files, read from bytes: which values are accepted unchanged, and how others are refused."""

import gzip
import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from sales_assets.sources.marketplace import file_limits
from sales_assets.sources.marketplace.order_files import read_order_lines
from sales_assets.transforms.marketplace_orders import FILE_COLUMNS, BadFileError, sum_amounts
from sales_assets_tests.support.order_files import LINE, csv_file, parquet_file

PERSONAL = {"customer_email"}


def read(content: bytes, name: str = "orders.csv") -> pd.DataFrame:
    return pd.concat(read_order_lines(io.BytesIO(content), name, PERSONAL).chunks)


def read_error(content: bytes, name: str = "orders.csv") -> str:
    with pytest.raises(BadFileError) as error:
        read(content, name)
    return str(error.value)


EXACT = {
    "order_id": "A-1",
    "marketplace": "bazaar",
    "order_date": pd.Timestamp("2025-01-15 10:30", tz="UTC"),
    "customer_email": "ada@example.com",
    "sku": "007",
    "qty": 2,
    "unit_price": Decimal("19.9900"),
    "currency": "EUR",
}


@pytest.mark.parametrize("name", ["orders.csv", "ORDERS.CSV", "a.b.csv"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_a_csv_file_is_read_unchanged(name: str, end: str, mark: bytes) -> None:
    [row] = read(mark + csv_file({}, lineterminator=end), name).to_dict("records")
    assert row == EXACT


def test_a_gzip_file_is_read_like_the_csv_file_in_it() -> None:
    assert read(gzip.compress(csv_file({})), "Orders.CSV.GZ").to_dict("records") == [EXACT]


def test_a_parquet_file_of_texts_is_read_like_a_csv_file() -> None:
    assert read(parquet_file(), "orders.parquet").to_dict("records") == [EXACT]


@pytest.mark.parametrize(
    ("column", "values", "stored"),
    [
        ("order_id", pa.array([17], pa.int64()), "17"),
        ("sku", pa.array(["007"]).dictionary_encode(), "007"),
        ("sku", pa.array([b"007"], pa.binary()), "007"),
        ("sku", pa.array(["007"], pa.large_string()), "007"),
        ("qty", pa.array([3], pa.int8()), 3),
        ("qty", pa.array([3.0]), 3),
        ("unit_price", pa.array([19.99]), Decimal("19.9900")),
        ("unit_price", pa.array([100000.0]), Decimal("100000.0000")),
        ("unit_price", pa.array([5], pa.int32()), Decimal("5.0000")),
        ("unit_price", pa.array([Decimal("19.990000")], pa.decimal128(20, 6)), Decimal("19.9900")),
        ("unit_price", pa.array([Decimal(0)], pa.decimal128(38, 12)), Decimal("0.0000")),
        ("unit_price", pa.array([Decimal("19.9")], pa.decimal128(5, 1)), Decimal("19.9000")),
        ("order_date", pa.array([datetime(2025, 1, 15, 10, 30)], pa.timestamp("ns")), EXACT["order_date"]),  # noqa: DTZ001
        (
            "order_date",
            pa.array([datetime(2025, 1, 15, 10, 30, tzinfo=UTC)], pa.timestamp("ms", "Europe/Rome")),
            EXACT["order_date"],
        ),
        ("order_date", pa.array([date(2025, 1, 15)]), pd.Timestamp("2025-01-15", tz="UTC")),
    ],
    ids=str,
)
def test_a_parquet_files_own_types_are_accepted_if_no_value_changes(
    column: str, values: pa.Array, stored: Any
) -> None:
    [row] = read(parquet_file(**{column: values}), "orders.parquet").to_dict("records")
    assert row == EXACT | {column: stored}


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2025-01-15T10:30:00+01:00", "2025-01-15 09:30"),
        ("2025-01-15 10:30:00-0530", "2025-01-15 16:00"),
        ("2025-01-15T10:30:00.123456Z", "2025-01-15 10:30:00.123456"),
        ("2025-01-15T10:30:00.123456000Z", "2025-01-15 10:30:00.123456"),
        ("2025-01-15 10:30", "2025-01-15 10:30"),
        ("2025-01-15", "2025-01-15 00:00"),
    ],
)
def test_a_timestamp_is_converted_to_utc_with_or_without_a_zone(written: str, instant: str) -> None:
    assert read(csv_file({"order_date": written}))["order_date"].tolist() == [pd.Timestamp(instant, tz="UTC")]


@pytest.mark.parametrize("price", ["0", "0.0001", "99999999999999.9999", "7.50000", "007"])
def test_an_amount_is_exact(price: str) -> None:
    assert read(csv_file({"unit_price": price}))["unit_price"].tolist() == [Decimal(price)]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *[
            ("qty", value)
            for value in ("1.0", "-1", "1e3", "+5", " 5", "five", "2147483648", "99999999999", "٣")
        ],
        *[("unit_price", value) for value in ("-0.01", "nan", "inf", "1e3", "12,50", "1.23456", ".5", "5.")],
        *[("unit_price", value) for value in ("100000000000000", "$5", "1_000", "1 000")],
        *[("order_date", value) for value in ("15.01.2025", "2025-02-30", "2025-01-15T25:00", "yesterday")],
        *[("order_date", value) for value in ("2025-W03-3", "20250115", "2025-01-15T10:30:00.1234567Z")],
        *[
            ("order_date", value)
            for value in ("2025-01-15T10:30:00+25:00", "1736937000", "0001-01-01T00:00+01")
        ],
        *[("currency", value) for value in ("EURO", "€", "E R")],
        *[("marketplace", value) for value in ("erp", " ERP ")],
        *[("sku", value) for value in ("\0", "a\0b")],
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_line_and_column(column: str, value: str) -> None:
    message = read_error(csv_file({}, {column: value}))
    assert message.startswith(f"Line 3, column {column}: expected ")
    assert message.endswith(f", got {value!r}.")


@pytest.mark.parametrize("column", [name for name in FILE_COLUMNS if name != "customer_email"])
@pytest.mark.parametrize("nothing", ["", "  "])
def test_a_column_without_a_value_is_refused_and_never_read_as_zero(column: str, nothing: str) -> None:
    assert read_error(csv_file({column: nothing})).startswith(f"Line 2, column {column}: ")
    null = pa.nulls(1, pa.string())
    message = read_error(parquet_file(**{column: null}), "o.parquet")
    assert message.startswith(f"Row 1, column {column}: expected ")
    assert message.endswith(", got an empty value.")


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("qty", pa.array([1.0, 3.5]), r"Row 2, column qty: expected .+, got '3\.5'\."),
        ("qty", pa.array([1.0, float("nan")]), r"Row 2, column qty: expected .+, got 'nan'\."),
        ("qty", pa.array([1, -2]), r"Row 2, column qty: expected .+, got '-2'\."),
        ("qty", pa.array([True]), r"Row 1, column qty: expected .+, got 'true'\."),
        (
            "unit_price",
            pa.array([1.5, 0.1 + 0.2]),
            r"Row 2, column unit_price: expected .+, got '0\.30000000000000004'\.",
        ),
        ("unit_price", pa.array([1.5, float("inf")]), r"Row 2, column unit_price: expected .+, got 'inf'\."),
        (
            "unit_price",
            pa.array([Decimal("1.23456")]),
            r"Row 1, column unit_price: expected .+, got '1\.23456'\.",
        ),
        ("unit_price", pa.array([Decimal("-1")]), r"Row 1, column unit_price: expected .+, got '-1'\."),
        (
            "unit_price",
            pa.array([Decimal("1" + 14 * "0")]),
            r"Row 1, column unit_price: expected .+, got '100000000000000'\.",
        ),
        ("order_id", pa.array([1.0]), "Column order_id: values of type double are not accepted."),
        ("sku", pa.array([[1]]), "Column sku: values of type list<.*> are not accepted."),
        ("sku", pa.array([b"\xff"]), "Column sku: values of type binary are not accepted."),
        ("order_date", pa.array([1]), r"Row 1, column order_date: expected .+, got '1'\."),
        (
            "order_date",
            pa.array([0, 10**12], pa.timestamp("s")),
            r"Row 2, column order_date: expected .+, got 'a value beyond the year 9999'\.",
        ),
        (
            "order_date",
            pa.array([0, 3_000_000], pa.date32()),
            r"Row 2, column order_date: expected .+, got 'a value beyond the year 9999'\.",
        ),
        (
            "order_date",
            pa.array([10**14], pa.timestamp("s")),
            r"Column order_date, of type timestamp\[ms\]: .*",
        ),
    ],
    ids=str,
)
def test_a_parquet_files_value_that_would_change_is_refused(
    column: str, values: pa.Array, message: str
) -> None:
    assert re.fullmatch(message, read_error(parquet_file(**{column: values}), "orders.parquet"))


def test_a_timestamp_with_nanoseconds_is_refused_and_not_cut() -> None:
    instants = pa.array([1736937000000000001], pa.timestamp("ns"))
    assert "Row 1, column order_date: " in read_error(parquet_file(order_date=instants), "orders.parquet")


def test_only_the_e_mail_address_may_be_missing() -> None:
    assert read(csv_file({"customer_email": ""}))["customer_email"].isna().tolist() == [True]


@pytest.mark.parametrize("column", ["customer_email", "sku", "qty"])
def test_an_e_mail_address_is_never_shown_not_even_from_another_column(column: str) -> None:
    message = read_error(csv_file({column: "ada@example.com\0"}))
    assert "ada" not in message
    assert message.startswith(f"Line 2, column {column}: expected ")
    assert message.endswith(", got [redacted].")


def test_no_value_is_shown_unless_the_personal_columns_are_known() -> None:
    lines = read_order_lines(io.BytesIO(csv_file({"qty": "five"})), "orders.csv")
    with pytest.raises(BadFileError, match=r"Line 2, column qty: expected .*, got \[redacted\]\."):
        list(lines.chunks)


def test_a_file_without_a_header_shows_no_address() -> None:
    content = csv_file({}).split(b"\r\n", 1)[1]
    message = read_error(content)
    assert "'bazaar'" in message
    assert "ada" not in message


def test_a_long_value_is_shortened() -> None:
    assert len(read_error(csv_file({"qty": "9" * 5000}))) < 200


def test_the_line_of_a_row_counts_line_breaks_within_its_fields() -> None:
    content = csv_file({"sku": "two\r\nlines"}, {}, {"qty": "x"})
    assert read_error(content).startswith("Line 5, column qty")
    assert read_error(content.replace(b"\r\n", b"\n")).startswith("Line 5, column qty")


def test_empty_lines_are_skipped_and_counted() -> None:
    content = csv_file({}, {}).replace(b"\r\n", b"\r\n\r\n")
    assert len(read(content)) == 2
    assert read_error(content + csv_file({"qty": "x"}).split(b"\r\n", 1)[1]).startswith("Line 7, column qty")


def test_the_first_bad_row_is_named_whatever_its_column() -> None:
    assert read_error(csv_file({}, {"currency": "?"}, {"order_id": ""})).startswith("Line 3, column currency")


@pytest.mark.parametrize("name", ["orders.csv", "orders.csv.gz", "orders.parquet"])
def test_a_missing_column_is_named_with_what_the_file_has(name: str) -> None:
    rest = {key: value for key, value in LINE.items() if key not in ("qty", "sku")}
    table = pd.DataFrame([rest])
    text = table.to_csv(index=False).encode()
    contents = {
        "orders.csv": text,
        "orders.csv.gz": gzip.compress(text),
        "orders.parquet": table.to_parquet(),
    }
    message = read_error(contents[name], name)
    assert "Missing column sku, qty; the header has 'order_id', 'marketplace'" in message


def test_a_column_that_occurs_twice_is_refused() -> None:
    assert "Column qty occurs more than once." in read_error(
        csv_file({}).replace(b"currency", b"currency,qty", 1)
    )


def test_other_columns_are_ignored_and_reported_and_the_order_does_not_matter() -> None:
    content = csv_file({"coupon": "X"})
    assert read_order_lines(io.BytesIO(content), "o.csv").ignored == ("coupon",)
    assert read(content).to_dict("records") == [EXACT]
    table = pd.DataFrame([LINE])[list(reversed(FILE_COLUMNS))].assign(coupon=1)
    assert read(table.to_parquet(), "o.parquet").to_dict("records") == [EXACT]


@pytest.mark.parametrize("change", [b"2,19.99", b"2,19.99,EUR,more"])
def test_a_row_with_too_few_or_too_many_fields_is_refused_with_its_line(change: bytes) -> None:
    message = read_error(csv_file({}, {}).replace(b"2,19.99,EUR", change, 1))
    assert message.startswith("Line 2: expected 8 fields as in the header, got ")


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "o.csv", "the header has nothing"),
        (
            csv_file({}).replace(b"A-1", b"A\xff1"),
            "o.csv",
            "Line 2: not UTF-8 text, from byte 2 of the line.",
        ),
        (csv_file({}).decode().encode("utf-16"), "o.csv", "Line 1: not UTF-8 text"),
        (csv_file({}).replace(b"007", b'"007'), "o.csv", "Line 2: not a valid CSV row"),
        (csv_file({}) + b"x" * 1_000_001, "o.csv", "Line 3: longer than 1000000 bytes"),
        (csv_file({"sku": "x" * 200_000}), "o.csv", "Line 2: not a valid CSV row"),
        (csv_file({}), "o.csv.gz", "Damaged, or not a gzip file"),
        (gzip.compress(csv_file(*[{}] * 999))[:-20], "o.csv.gz", "Damaged, or not a gzip file"),
        (csv_file({}), "o.parquet", "Damaged, or not a Parquet file"),
        (parquet_file()[:-9], "o.parquet", "Damaged, or not a Parquet file"),
        (csv_file({}), "o.xlsx", "Unsupported file type; expected one of .csv, .csv.gz, .parquet."),
    ],
    ids=range(11),
)
def test_a_file_that_cannot_be_read_says_why(content: bytes, name: str, message: str) -> None:
    with pytest.raises(BadFileError) as error:
        list(read_order_lines(io.BytesIO(content), name).chunks)
    assert message in str(error.value)


def test_a_torn_page_of_a_parquet_file_is_refused() -> None:
    content = bytearray(parquet_file(sku=pa.array([f"sku {n}" for n in range(50_000)])))
    content[len(content) // 4 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 4)
    assert "Damaged, or not a Parquet file" in read_error(bytes(content), "orders.parquet")


@pytest.mark.parametrize("name", ["orders.csv", "orders.parquet"])
def test_a_file_is_read_in_chunks_and_lines_are_counted_through_all_of_them(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_limits, "CHUNK_ROWS", 10)
    quantities = [str(number) for number in range(24)] + ["x"]
    content = (
        csv_file(*({"qty": qty} for qty in quantities))
        if name == "orders.csv"
        else parquet_file(qty=quantities)
    )
    chunks = read_order_lines(io.BytesIO(content), name).chunks
    assert [len(next(chunks)), len(next(chunks))] == [10, 10]
    with pytest.raises(
        BadFileError, match="Line 26, column qty" if name == "orders.csv" else "Row 25, column qty"
    ):
        next(chunks)


def test_a_file_with_only_a_header_has_no_rows() -> None:
    assert list(read_order_lines(io.BytesIO(csv_file()), "o.csv").chunks) == []


def test_the_amounts_of_a_file_add_up_exactly_by_currency() -> None:
    lines = [{"qty": "3", "unit_price": "0.1"}, {"qty": "1", "unit_price": "0.0001"}]
    frame = read(
        csv_file(*lines, {"currency": "SEK", "qty": "2147483647", "unit_price": "99999999999999.9999"})
    )
    assert sum_amounts(frame) == {
        "EUR": Decimal("0.3001"),
        "SEK": 2147483647 * Decimal("99999999999999.9999"),
    }
