"""Order files, read from bytes: what is taken as it stands, and what is refused by place and value."""

import gzip
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from sales_assets.sources.marketplace import order_files as files
from sales_assets.sources.marketplace.order_files import read_orders
from sales_assets.transforms.marketplace_orders import COLUMNS, BadFileError, amounts
from sales_assets_tests.support.order_files import LINE, csv_file, parquet_file


def read(content: bytes, name: str = "orders.csv") -> pd.DataFrame:
    orders = read_orders(io.BytesIO(content), name)
    return pd.concat(orders.chunks) if content else pd.DataFrame()


def refused(content: bytes, name: str = "orders.csv") -> str:
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
def test_a_csv_file_is_taken_as_it_stands(name: str, end: str, mark: bytes) -> None:
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
def test_a_parquet_files_own_types_are_taken_where_nothing_changes(
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
def test_an_instant_is_utc_with_its_zone_or_without(written: str, instant: str) -> None:
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
def test_a_value_that_does_not_fit_is_refused_by_line_column_and_value(column: str, value: str) -> None:
    message = refused(csv_file({}, {column: value}))
    assert message.startswith(f"Line 3, column {column}: {value!r} is not ")


@pytest.mark.parametrize("column", [name for name in COLUMNS if name != "customer_email"])
@pytest.mark.parametrize("nothing", ["", "  "])
def test_a_column_without_a_value_is_refused_and_never_taken_for_zero(column: str, nothing: str) -> None:
    assert refused(csv_file({column: nothing})).startswith(f"Line 2, column {column}: ")
    null = pa.nulls(1, pa.string())
    assert f"Row 1, column {column}: nothing is" in refused(parquet_file(**{column: null}), "o.parquet")


@pytest.mark.parametrize(
    ("column", "values", "shown"),
    [
        ("qty", pa.array([1.0, 3.5]), "Row 2, column qty: '3.5'"),
        ("qty", pa.array([1.0, float("nan")]), "Row 2, column qty: 'nan'"),
        ("qty", pa.array([1, -2]), "Row 2, column qty: '-2'"),
        ("qty", pa.array([True]), "Row 1, column qty: 'true'"),
        ("unit_price", pa.array([1.5, 0.1 + 0.2]), "Row 2, column unit_price: '0.30000000000000004'"),
        ("unit_price", pa.array([1.5, float("inf")]), "Row 2, column unit_price: 'inf'"),
        ("unit_price", pa.array([Decimal("1.23456")]), "Row 1, column unit_price: '1.23456'"),
        ("unit_price", pa.array([Decimal("-1")]), "Row 1, column unit_price: '-1'"),
        ("unit_price", pa.array([Decimal("1" + 14 * "0")]), "Row 1, column unit_price: '100000000000000'"),
        ("order_id", pa.array([1.0]), "Column order_id is of type double, which does not fit"),
        ("sku", pa.array([[1]]), "Column sku is of type list"),
        ("sku", pa.array([b"\xff"]), "Column sku is of type binary"),
        ("order_date", pa.array([1]), "Row 1, column order_date: '1'"),
        ("order_date", pa.array([0, 10**12], pa.timestamp("s")), "Row 2, column order_date: 'a value beyond"),
        ("order_date", pa.array([0, 3_000_000], pa.date32()), "Row 2, column order_date: 'a value beyond"),
        ("order_date", pa.array([10**14], pa.timestamp("s")), "Column order_date, of type timestamp[ms]: "),
    ],
    ids=str,
)
def test_a_parquet_files_value_that_would_change_is_refused(
    column: str, values: pa.Array, shown: str
) -> None:
    assert refused(parquet_file(**{column: values}), "orders.parquet").startswith(shown)


def test_an_instant_with_nanoseconds_is_refused_and_not_cut() -> None:
    instants = pa.array([1736937000000000001], pa.timestamp("ns"))
    assert "Row 1, column order_date: " in refused(parquet_file(order_date=instants), "orders.parquet")


def test_nothing_but_an_e_mail_address_may_be_missing() -> None:
    assert read(csv_file({"customer_email": ""}))["customer_email"].isna().tolist() == [True]


@pytest.mark.parametrize("column", ["customer_email", "sku", "qty"])
def test_an_e_mail_address_is_never_shown_not_even_from_another_column(column: str) -> None:
    message = refused(csv_file({column: "ada@example.com\0"}))
    assert "ada" not in message
    assert f"Line 2, column {column}: [redacted]" in message


def test_a_file_without_a_header_shows_nobodys_address() -> None:
    content = csv_file({}).split(b"\r\n", 1)[1]
    message = refused(content)
    assert "'bazaar'" in message
    assert "ada" not in message


def test_a_long_value_is_shortened() -> None:
    assert len(refused(csv_file({"qty": "9" * 5000}))) < 200


def test_the_line_of_a_row_counts_line_breaks_within_its_fields() -> None:
    content = csv_file({"sku": "two\r\nlines"}, {}, {"qty": "x"})
    assert refused(content).startswith("Line 5, column qty")
    assert refused(content.replace(b"\r\n", b"\n")).startswith("Line 5, column qty")


def test_empty_lines_are_no_rows_and_are_counted() -> None:
    content = csv_file({}, {}).replace(b"\r\n", b"\r\n\r\n")
    assert len(read(content)) == 2
    assert refused(content + csv_file({"qty": "x"}).split(b"\r\n", 1)[1]).startswith("Line 7, column qty")


def test_the_first_bad_row_is_named_whatever_its_column() -> None:
    assert refused(csv_file({}, {"currency": "?"}, {"order_id": ""})).startswith("Line 3, column currency")


@pytest.mark.parametrize("name", ["orders.csv", "orders.csv.gz", "orders.parquet"])
def test_a_missing_column_is_named_with_what_the_file_has(name: str) -> None:
    rest = {key: value for key, value in LINE.items() if key not in ("qty", "sku")}
    table = pd.DataFrame([rest])
    content = {
        "orders.csv": lambda: table.to_csv(index=False).encode(),
        "orders.csv.gz": lambda: gzip.compress(table.to_csv(index=False).encode()),
        "orders.parquet": table.to_parquet,
    }[name]()
    message = refused(content, name)
    assert "The column sku, qty is missing; the header has 'order_id', 'marketplace'" in message


def test_a_column_that_is_there_twice_is_refused() -> None:
    assert "qty is there more than once" in refused(csv_file({}).replace(b"currency", b"currency,qty", 1))


def test_other_columns_and_another_order_do_not_matter_and_are_told() -> None:
    content = csv_file({"coupon": "X"})
    assert read_orders(io.BytesIO(content), "o.csv").ignored == ("coupon",)
    assert read(content).to_dict("records") == [EXACT]
    table = pd.DataFrame([LINE])[list(reversed(COLUMNS))].assign(coupon=1)
    assert read(table.to_parquet(), "o.parquet").to_dict("records") == [EXACT]


@pytest.mark.parametrize("change", [b"2,19.99", b"2,19.99,EUR,more"])
def test_a_row_with_too_few_or_too_many_fields_is_refused_by_line(change: bytes) -> None:
    message = refused(csv_file({}, {}).replace(b"2,19.99,EUR", change, 1))
    assert message.startswith("Line 2: it has ")
    assert "but the header has 8" in message


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "o.csv", "the header has nothing"),
        (csv_file({}).replace(b"A-1", b"A\xff1"), "o.csv", "Line 2: it is not text in UTF-8, from byte 2"),
        (csv_file({}).decode().encode("utf-16"), "o.csv", "Line 1: it is not text in UTF-8"),
        (csv_file({}).replace(b"007", b'"007'), "o.csv", "Line 2: it is no row of a CSV file"),
        (csv_file({}) + b"x" * 1_000_001, "o.csv", "Line 3: it is longer than 1000000 bytes"),
        (csv_file({"sku": "x" * 200_000}), "o.csv", "Line 2: it is no row of a CSV file"),
        (csv_file({}), "o.csv.gz", "It is damaged, or no gzip file"),
        (gzip.compress(csv_file(*[{}] * 999))[:-20], "o.csv.gz", "It is damaged, or no gzip file"),
        (csv_file({}), "o.parquet", "It is damaged, or no Parquet file"),
        (parquet_file()[:-9], "o.parquet", "It is damaged, or no Parquet file"),
        (csv_file({}), "o.xlsx", "Its name ends with none of .csv, .csv.gz, .parquet"),
    ],
    ids=range(11),
)
def test_a_file_that_cannot_be_read_says_why(content: bytes, name: str, said: str) -> None:
    with pytest.raises(BadFileError) as error:
        list(read_orders(io.BytesIO(content), name).chunks)
    assert said in str(error.value)


def test_a_torn_page_of_a_parquet_file_is_refused() -> None:
    content = bytearray(parquet_file(sku=pa.array([f"sku {n}" for n in range(50_000)])))
    content[len(content) // 4 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 4)
    assert "damaged, or no Parquet file" in refused(bytes(content), "orders.parquet")


@pytest.mark.parametrize("name", ["orders.csv", "orders.parquet"])
def test_a_file_is_read_in_chunks_and_lines_are_counted_through_all_of_them(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "CHUNK_ROWS", 10)
    quantities = [str(number) for number in range(24)] + ["x"]
    content = (
        csv_file(*({"qty": qty} for qty in quantities))
        if name == "orders.csv"
        else parquet_file(qty=quantities)
    )
    chunks = read_orders(io.BytesIO(content), name).chunks
    assert [len(next(chunks)), len(next(chunks))] == [10, 10]
    with pytest.raises(
        BadFileError, match="Line 26, column qty" if name == "orders.csv" else "Row 25, column qty"
    ):
        next(chunks)


def test_a_file_with_a_header_alone_has_no_rows() -> None:
    assert list(read_orders(io.BytesIO(csv_file()), "o.csv").chunks) == []


def test_the_amounts_of_a_file_add_up_exactly_by_currency() -> None:
    lines = [{"qty": "3", "unit_price": "0.1"}, {"qty": "1", "unit_price": "0.0001"}]
    frame = read(
        csv_file(*lines, {"currency": "SEK", "qty": "2147483647", "unit_price": "99999999999999.9999"})
    )
    assert amounts(frame) == {"EUR": Decimal("0.3001"), "SEK": 2147483647 * Decimal("99999999999999.9999")}
