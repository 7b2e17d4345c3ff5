"""Rows that wait in a file: they are read as they were, as often as needed, and leave nothing behind."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from sales_assets.transforms import spooled_rows
from sales_assets.transforms.frames import find_oldest_reading, stamp_reading
from sales_assets.transforms.spooled_rows import SpooledRows, as_frame

READ_AT = datetime(2025, 1, 16, 5, tzinfo=UTC)


def chunk(*ids: int | None) -> pa.Table:
    table = pa.table({"name": [f"n{id_}" for id_ in ids], "id": pa.array(ids, pa.int64())})
    return stamp_reading(table, READ_AT)


def test_rows_are_read_in_chunks_as_they_were_and_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(spooled_rows, "SPOOLED_CHUNK_ROWS", 2)
    spooled = SpooledRows(iter([chunk(3, 1, None), chunk(), chunk(2)]))
    assert list(tmp_path.iterdir()) == []
    for _ in range(2):
        frames = list(spooled)
        assert [len(frame) for frame in frames] == [2, 1, 1]
        assert {find_oldest_reading(frame) for frame in frames} == {READ_AT}
        assert list(as_frame(spooled)["id"]) == [3, 1, pd.NA, 2]
    assert as_frame(spooled).dtypes.astype(str).to_dict() == {"name": "str", "id": "Int64"}


def test_repeated_values_are_found_across_chunks() -> None:
    spooled = SpooledRows(iter([chunk(5, 7, None), chunk(None, 7, 9), chunk(5, 2**62 + 1, 5, 2**62 + 1)]))
    assert spooled.find_repeated("id") == [5, 7, 2**62 + 1]


def test_no_rows_are_one_empty_frame() -> None:
    [frame] = SpooledRows(iter([chunk(), chunk()]))
    assert list(frame.columns) == ["name", "id"]
    assert SpooledRows(iter([chunk()])).find_repeated("id") == []
