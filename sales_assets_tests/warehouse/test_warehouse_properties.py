"""Random writes, compared with a model of the table: a list of rows, of which a write replaces some."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.catalog.contracts import optional, required
from sales_assets.errors import RefusedError
from sales_assets.warehouse.column_types import to_arrow, to_frame
from sales_assets.warehouse.duckdb import DuckDBEngine
from sales_assets.warehouse.slices import Slice, Windows

pytestmark = pytest.mark.usefixtures("files_stay_open")

CONTRACT = dg.TableSchema(
    columns=[
        required("id", "BIGINT", ""),
        optional("n", "INTEGER", ""),
        optional("amount", "DECIMAL(18,4)", ""),
        optional("name", "VARCHAR", ""),
        optional("flag", "BOOLEAN", ""),
        required("at", "TIMESTAMP", ""),
    ]
)
ZONES = ["UTC", "Europe/Rome", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu"]
DAYS = [str(day.date()) for day in pd.date_range("2025-03-26", "2025-04-08")]

TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="\0")

values = st.fixed_dictionaries(
    {
        "id": st.integers(-(2**63), 2**63 - 1),
        "n": st.none() | st.integers(-(2**31), 2**31 - 1),
        "amount": st.none() | st.integers(-(10**15), 10**15).map(lambda cents: cents / 10**4),
        "name": st.none() | st.text(TEXT, max_size=8),
        "flag": st.none() | st.booleans(),
    }
)


@st.composite
def writes(draw: st.DrawFn) -> tuple[list[str], list[dict[str, Any]], list[str], bool]:
    """Draw days, rows for them, the order of the columns, and whether to add a row of another day."""
    first = draw(st.integers(0, len(DAYS) - 1))
    days = DAYS[first : first + draw(st.integers(1, 3))]
    days = [day for day in days if day == days[0] or draw(st.booleans())]
    rows = [
        row | {"day": draw(st.sampled_from(days)), "share": draw(st.integers(0, 10**6 - 1))}
        for row in draw(st.lists(values, max_size=6))
    ]
    order = draw(st.permutations([column.name for column in CONTRACT.columns]))
    return days, rows, order, draw(st.integers(0, 9)) == 0


def instant(day: str, share: int, partitions: dg.DailyPartitionsDefinition) -> datetime:
    """Return an instant of a day, by the millionths of the day that have passed."""
    start, end = partitions.time_window_for_partition_key(day)
    length = end.astimezone(UTC) - start.astimezone(UTC)
    return start.astimezone(UTC) + length * share // 10**6


def build_frame(rows: list[dict[str, Any]], order: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=object) for name in order})
    return frame.astype({"at": "datetime64[us, UTC]"})


def to_comparable(rows: Sequence[Mapping[Any, Any]]) -> list[tuple[Any, ...]]:
    """Convert rows to sorted tuples, with exact amounts."""

    def exact(value: Any) -> Any:
        if pd.isna(value):
            return None
        if isinstance(value, datetime):
            return pd.Timestamp(value).isoformat()
        return Decimal(repr(value)).quantize(Decimal("0.0001")) if isinstance(value, float) else value

    tuples = [tuple(exact(row[column.name]) for column in CONTRACT.columns) for row in rows]
    return sorted(tuples, key=repr)


random_writes = given(
    zone=st.sampled_from(ZONES), steps=st.lists(writes(), min_size=1, max_size=5), rerun=st.booleans()
)


@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True)
@random_writes
def test_the_table_is_always_what_the_model_says(zone: str, steps: list[Any], rerun: bool) -> None:
    compare_with_model(zone, steps, rerun=rerun)


@pytest.mark.exhaustive
@settings(max_examples=80, deadline=None, derandomize=True)
@random_writes
def test_the_table_is_what_the_model_says_after_many_more_writes(
    zone: str, steps: list[Any], rerun: bool
) -> None:
    compare_with_model(zone, steps, rerun=rerun)


def compare_with_model(zone: str, steps: list[Any], *, rerun: bool) -> None:
    """Do the writes, each twice for a rerun, and compare the table with the model after each."""
    partitions = dg.DailyPartitionsDefinition("2025-01-01", timezone=zone)
    model: list[dict[str, Any]] = []
    with TemporaryDirectory() as folder:
        engine = DuckDBEngine(Path(folder) / "sales.duckdb")
        for days, rows, order, add_out_of_range in [step for step in steps for _ in range(1 + rerun)]:
            window = Slice("raw", "t", (Windows.of_keys("at", "TIMESTAMP", partitions, days),))
            placed = [row | {"at": instant(row["day"], row["share"], partitions)} for row in rows]
            if add_out_of_range:
                placed = [*placed, out_of_range_row(partitions)]
            try:
                whole = to_arrow(build_frame(placed, order), CONTRACT, "raw.t")
                chunks = [whole.slice(0, 2), whole.slice(2)]
                engine.replace(window, CONTRACT, chunks, "test")
            except RefusedError:
                assert add_out_of_range
            else:
                model = [row for row in model if row["day"] not in days] + placed
                stored = to_frame(engine.read(Slice("raw", "t"), (), "test"), CONTRACT)
                assert to_comparable(stored.to_dict("records")) == to_comparable(model)


def out_of_range_row(partitions: dg.DailyPartitionsDefinition) -> dict[str, Any]:
    """A row of a day that no write replaces."""
    nothing = dict.fromkeys(["n", "amount", "name", "flag"])
    return {"id": 1, **nothing, "day": "2025-01-01", "at": instant("2025-01-01", 5, partitions)}
