"""Small files that unpack to gigabytes: what is held at a time is bounded, or the file is refused."""

import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sales_assets.sources.marketplace import file_limits
from sales_assets.sources.marketplace.csv_rows import CsvRows
from sales_assets.sources.marketplace.order_files import read_order_lines
from sales_assets.sources.marketplace.parquet_rows import ParquetRows
from sales_assets.transforms.marketplace_orders import FILE_COLUMNS, BadFileError
from sales_assets_tests.support.order_files import LINE, csv_file

LONG = "x" * 100_000


def repeat_line(rows: int, encoding: str | None = None, **columns: str) -> bytes:
    """A Parquet file of one line many times."""
    line = LINE | columns
    ones = pa.array([0] * rows, pa.int32())
    table = pa.table(
        {
            name: pa.DictionaryArray.from_arrays(ones, pa.array([value])).cast(
                pa.dictionary(pa.int32(), pa.string())
            )
            for name, value in line.items()
        }
    )
    file = io.BytesIO()
    if encoding is None:
        pq.write_table(table, file, compression="zstd", store_schema=False)
    else:
        plain = pa.table(
            {name: table[name].combine_chunks().dictionary_decode() for name in table.column_names}
        )
        pq.write_table(
            plain, file, compression="zstd", use_dictionary=False, column_encoding={"sku": encoding}
        )
    return file.getvalue()


def count_bytes(batch: pa.RecordBatch) -> int:
    """The bytes of a batch once every value is unpacked."""
    columns = [
        values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
        for values in batch.columns
    ]
    return sum(values.nbytes for values in columns)


def refusal(content: bytes, name: str) -> str:
    with pytest.raises(BadFileError) as error:
        list(read_order_lines(io.BytesIO(content), name).chunks)
    return str(error.value)


def test_a_long_value_that_repeats_is_unpacked_some_rows_at_a_time() -> None:
    content = repeat_line(50_000, sku=LONG)
    assert len(content) < 20_000
    batches = ParquetRows(io.BytesIO(content)).read_chunks(FILE_COLUMNS)
    first = next(batches)
    assert count_bytes(first) <= 1.1 * file_limits.CHUNK_BYTES
    assert first.num_rows + sum(batch.num_rows for batch in batches) == 50_000
    assert len(next(read_order_lines(io.BytesIO(content), "o.parquet").chunks)) == first.num_rows


def test_values_that_share_their_beginning_are_read_some_rows_at_a_time() -> None:
    content = repeat_line(1_000, "DELTA_BYTE_ARRAY", sku=LONG)
    batches = ParquetRows(io.BytesIO(content)).read_chunks(FILE_COLUMNS)
    assert max(count_bytes(batch) for batch in batches) <= 1.1 * file_limits.CHUNK_BYTES


def test_a_value_longer_than_the_limit_is_refused_by_its_column_and_length() -> None:
    assert refusal(repeat_line(3_500, sku="x" * 1_000_000), "o.parquet") == (
        "Column sku has a value of 1000000 bytes; the limit is 131072."
    )


def test_a_row_group_that_unpacks_to_too_much_is_refused_before_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(file_limits, "MAX_ROW_GROUP_BYTES", 500)
    message = refusal(repeat_line(7), "o.parquet")
    assert message.startswith("Row group 1 has 7 rows and ")
    assert "bytes unpacked; the limit is 500 bytes. Have the file written in smaller row groups." in message


def test_a_list_is_refused_before_its_values_are_read() -> None:
    table = pa.table({name: [value] for name, value in LINE.items()} | {"sku": [["x"] * 100]})
    file = io.BytesIO()
    pq.write_table(table, file)
    with pytest.raises(BadFileError, match=r"Column sku: values of type list<.*> are not accepted"):
        next(ParquetRows(file).read_chunks(FILE_COLUMNS))


@pytest.mark.slow
def test_lines_that_are_long_end_a_chunk_before_its_rows_do() -> None:
    content = gzip.compress(csv_file({"sku": LONG}) + (csv_file({"sku": LONG}).split(b"\r\n", 1)[1]) * 999)
    assert len(content) < 200_000
    rows = CsvRows(io.BytesIO(gzip.decompress(content)))
    width = len(rows.read_header())
    read = [len(rows.read_chunk(width)[0]) for _ in range(4)]
    assert max(read) * len(LONG) <= 1.1 * file_limits.CHUNK_BYTES
    assert sum(read) == 1000


def test_a_row_of_many_lines_is_refused_like_a_long_line() -> None:
    content = csv_file({}) + b'"\n",' * 400_000
    assert "the row that goes on here is longer than 1000000 bytes." in refusal(content, "o.csv")


@pytest.mark.parametrize("name", ["o.csv", "o.parquet"])
def test_too_many_columns_are_refused_by_their_number(name: str) -> None:
    columns = LINE | {f"c{number}": "" for number in range(1000)}
    content = csv_file(columns)
    if name == "o.parquet":
        file = io.BytesIO()
        pq.write_table(pa.table({key: [value] for key, value in columns.items()}), file)
        content = file.getvalue()
    assert "1008 columns; the limit is 1000." in refusal(content, name)


def test_many_columns_make_chunks_of_fewer_rows() -> None:
    rows = CsvRows(io.BytesIO((b"," * 499 + b"\n") * 2_501))
    width = len(rows.read_header())
    assert len(rows.read_chunk(width)[0]) * width <= file_limits.CHUNK_VALUES
