"""How the days of a range are divided into groups."""

import pytest

from sales_assets.catalog import day_groups
from sales_assets.catalog.day_groups import divide_days

DAYS = ("2025-01-14", "2025-01-15", "2025-01-16", "2025-01-17", "2025-01-18")


@pytest.fixture(autouse=True)
def _ten_rows_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(day_groups, "ROWS_PER_GROUP", 10)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([3, 3, 3, 3, 3], ["2025-01-14 to 2025-01-16", "2025-01-17 to 2025-01-18"]),
        ([1, 50, 1, 1, 1], ["2025-01-14", "2025-01-15", "2025-01-16 to 2025-01-18"]),
        ([0, 0, 0, 0, 0], ["2025-01-14 to 2025-01-18"]),
    ],
    ids=["as many days as fit", "a day beyond the limit is alone", "days without rows"],
)
def test_consecutive_days_are_grouped_by_their_rows(rows: list[int], expected: list[str]) -> None:
    groups = divide_days(DAYS, dict(zip(DAYS, rows, strict=True)))
    assert [str(group) for group in groups] == expected


def test_a_group_ends_where_a_day_is_left_out() -> None:
    groups = divide_days([DAYS[0], DAYS[2], DAYS[3]], {})
    assert [group.days for group in groups] == [(DAYS[0],), (DAYS[2], DAYS[3])]
