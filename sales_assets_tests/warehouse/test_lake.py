"""Days of gold in the lake: published whole or not at all, and the same for every reader."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Thread

import dagster as dg
import duckdb
import pyarrow as pa
import pyarrow.dataset
import pytest

from sales_assets.errors import RefusedError, UnavailableError
from sales_assets.transforms.day_ranges import format_day_ranges, group_days
from sales_assets.warehouse.lake.compare_days import describe_difference
from sales_assets.warehouse.lake.gold_days import GoldDays
from sales_assets.warehouse.lake.lake_resource import LakeResource
from sales_assets_tests.support.lake import (
    D14,
    D15,
    D16,
    DAILY_SALES,
    FCT_ORDERS,
    Gold,
    Lake,
    contract_of,
    exact,
    without_package,
)
from sales_assets_tests.support.s3 import S3

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("files_stay_open")]  # each publishes to a lake

ORDERS = {D14: {1: "10.01", 2: "0.0001"}, D15: {3: "30"}, D16: {4: "99999999999999.9999"}}


@pytest.fixture
def gold(tmp_path: Path) -> Gold:
    gold = Gold(tmp_path)
    gold.put(ORDERS)
    return gold


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


class Meanwhile(GoldDays):
    """Does something each time gold is read, as another run would."""

    def __init__(self, gold: Gold, *actions: object):
        super().__init__(gold.engine, gold.table, gold.contract, "a test")
        self.actions = list(actions)

    def read(self, days: Iterable[date], columns: Sequence[str] = ()) -> pa.Table:
        rows = super().read(days, columns)
        if self.actions and callable(action := self.actions.pop(0)):
            action()
        return rows


def test_published_days_are_golds_for_pyiceberg_pyarrow_and_duckdb(lake: Lake, gold: Gold) -> None:
    lake.publish(gold, D14, D15, D16)
    with duckdb.connect(str(gold.database)) as connection:
        wanted = connection.sql("from gold.fct_orders order by order_id").to_arrow_table()
        files = list(lake.files())
        by_duckdb = connection.sql("from read_parquet($files) order by order_id", params={"files": files})
        assert by_duckdb.to_arrow_table() == wanted
    by_pyiceberg = lake.load().scan().to_arrow().sort_by("order_id")
    assert by_pyiceberg.cast(wanted.schema) == wanted
    paths = [path.removeprefix("file://") for path in files]
    by_pyarrow = pa.dataset.dataset(paths).to_table().sort_by("order_id")
    assert by_pyarrow.cast(wanted.schema) == wanted


def test_days_that_did_not_change_are_not_written_again(lake: Lake, gold: Gold) -> None:
    first = lake.publish(gold, D14, D15, D16)
    before = lake.files()
    again = lake.publish(gold, D14, D15, D16)
    assert (again.changed, again.snapshot_id) == ([], first.snapshot_id)
    assert again.counts == {D14: 2, D15: 1, D16: 1}
    gold.put({D15: {3: "30.0001"}})
    assert lake.publish(gold, D14, D15, D16).changed == [D15]
    assert {day for path, day in before.items() if path not in lake.files()} == {"order_date=2025-01-15"}
    assert lake.orders() == exact(ORDERS | {D15: {3: "30.0001"}})


def test_only_the_days_of_the_run_are_published_and_a_day_may_become_empty(lake: Lake, gold: Gold) -> None:
    lake.publish(gold, D14, D15, D16)
    gold.put({D14: {1: "11"}, D15: {}, D16: {4: "44"}})
    assert lake.publish(gold, D14, D15).changed == [D14, D15]
    assert lake.orders() == exact({D14: {1: "11"}, D16: ORDERS[D16]})


def test_a_long_range_is_published_in_groups_of_days_that_readers_see_at_once(lake: Lake, gold: Gold) -> None:
    published = lake.publish(gold, D14, D15, D16, rows_at_once=2)
    table = lake.load()
    assert [entry.snapshot_id for entry in table.history()][1:] == [published.snapshot_id]
    notes = [
        dict(each.summary.additional_properties) for each in table.snapshots() if each.parent_snapshot_id
    ]
    assert [note["sales.days"] for note in notes] == ["2025-01-14", "2025-01-15..2025-01-16"]
    assert {note["sales.run_id"] for note in notes} == {"r1"}
    assert lake.orders() == exact(ORDERS)
    assert list(table.refs()) == ["main"]


def test_if_the_audit_finds_a_difference_readers_keep_the_old_days(lake: Lake, gold: Gold) -> None:
    lake.publish(gold, D14, D15)
    gold.put({D14: {1: "11"}})
    amounts = iter(range(12, 20))
    source = Meanwhile(gold, *[lambda: gold.put({D14: {1: str(next(amounts))}})] * 4)
    message = "2025-01-14 has gross_amount 14.0000 in gold and 13.0000 in the audit.*main is unchanged"
    with pytest.raises(UnavailableError, match=message):
        lake.publish(gold, D14, D15, source=source)
    assert lake.orders() == exact({D14: ORDERS[D14], D15: ORDERS[D15]})
    assert list(lake.load().refs()) == ["main"]
    lake.publish(gold, D14)
    assert lake.orders()[D14] == {1: "15.0000"}


def test_the_audit_tells_counts_sums_and_keys_apart_exactly() -> None:
    schema = pa.schema([("order_date", pa.date32()), ("order_id", pa.int64()), ("a", pa.decimal128(18, 4))])

    def difference(*found: tuple[date, int, str]) -> str | None:
        wanted = [(D14, 1, "0.1000"), (D14, 2, "0.2000"), (D15, 3, "1.0000")]
        gold, written = (
            pa.table([pa.array(values) for values in zip(*rows, strict=True)], schema.names).cast(schema)
            for rows in (wanted, found)
        )
        return describe_difference(gold, written, "order_date", ["order_id"], ["a"])

    same = [(D15, 3, "1"), (D14, 2, "0.2000"), (D14, 1, "0.1")]
    assert difference(*same) is None
    assert difference(*same[:2]) == "2025-01-14 has rows 2 in gold and 1 in the audit"
    assert difference(*same[1:]) == "2025-01-15 has rows 1 in gold and 0 in the audit"
    assert "a 0.3000 in gold and 0.3001 in" in str(difference(*same[:2], (D14, 1, "0.1001")))
    assert "other keys (order_id)" in str(difference(*same[:2], (D14, 9, "0.1000")))


@pytest.mark.parametrize("others", [{D15: {3: "33"}}, {D14: {1: "12"}, D15: {3: "33"}}])
def test_who_loses_a_race_reads_gold_again_and_publishes_on_the_new_main(
    lake: Lake, gold: Gold, others: dict[date, dict[int, str]]
) -> None:
    lake.publish(gold, D14, D15, D16)
    gold.put({D14: {1: "11"}})

    def run_meanwhile() -> None:
        gold.put(others)
        lake.publish(gold, *others)

    published = lake.publish(gold, D14, D16, source=Meanwhile(gold, run_meanwhile))
    assert published.attempts == 2
    assert lake.orders() == exact({D14: {1: "11"}, D16: ORDERS[D16], **others})


@pytest.mark.exhaustive
def test_many_publishers_at_once_lose_no_day(tmp_path: Path, gold: Gold) -> None:
    days = [date(2025, 2, day) for day in range(1, 5)]
    gold.put({day: {100 + day.day: "1"} for day in days})
    Lake(tmp_path).publish(gold, D14)
    threads = [Thread(target=lambda day=day: Lake(tmp_path).publish(gold, day)) for day in days]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Lake(tmp_path).orders().keys() == {D14, *days}
    assert list(Lake(tmp_path).load().refs()) == ["main"]


def test_a_key_that_gold_has_twice_is_refused_by_name(lake: Lake, gold: Gold) -> None:
    lake.publish(gold, D14)
    gold.execute("insert into gold.fct_orders from gold.fct_orders where order_id = 3")
    with pytest.raises(RefusedError, match=r"order_id 3 more than once in 2025-01-15.*is unchanged"):
        lake.publish(gold, D15)
    assert lake.orders() == exact({D14: ORDERS[D14]})


def test_a_mart_that_is_rebuilt_as_a_whole_is_compared_as_a_whole(tmp_path: Path, lake: Lake) -> None:
    gold = Gold(tmp_path, DAILY_SALES)
    november = date(2024, 11, 30)
    gold.put({november: {1: "5"}, D14: {1: "10", 2: "20"}, D15: {1: "30"}})
    lake.publish(gold, D15)
    gold.put({november: {}, D14: {1: "10", 2: "21"}})
    assert lake.publish(gold, D15).changed == [november, D14]
    rows = (
        lake.load(DAILY_SALES)
        .scan()
        .to_arrow()
        .sort_by([("order_date", "ascending"), ("channel", "ascending")])
    )
    assert [str(amount) for amount in rows["total_amount"].to_pylist()] == ["10.0000", "21.0000", "30.0000"]


def test_a_reader_reads_the_numbers_of_an_earlier_day_again(lake: Lake, gold: Gold) -> None:
    lake.publish(gold, D14, D15)
    report = datetime.now(UTC)
    gold.put({D14: {1: "11"}})
    lake.publish(gold, D14)
    table = lake.load()
    then = table.snapshot_as_of_timestamp(int(report.timestamp() * 1000))
    assert lake.orders(then.snapshot_id) == exact({D14: ORDERS[D14], D15: ORDERS[D15]})
    assert then.summary["sales.days"] == "2025-01-14..2025-01-15"
    assert lake.orders()[D14] == {1: "11.0000"}


def test_the_table_follows_the_contract_where_iceberg_admits_it(lake: Lake, gold: Gold) -> None:
    lake.publish(gold, D14, D15)
    before = lake.load().current_snapshot().snapshot_id
    gold.execute("alter table gold.fct_orders add column coupon varchar")
    gold.execute("alter table gold.fct_orders alter line_count type bigint")
    gold.execute("update gold.fct_orders set coupon = 'X' where order_id = 3")
    columns = [(each.name, each.type) for each in gold.contract.columns if each.name != "line_count"]
    gold.contract = contract_of(*columns, ("line_count", "bigint"), ("coupon", "varchar"))
    assert lake.publish(gold, D14, D15).changed == [D15]
    coupons = lake.load().scan().to_arrow().sort_by("order_id")["coupon"].to_pylist()
    assert coupons == [None, None, "X"]
    assert lake.orders(before) == exact({D14: ORDERS[D14], D15: ORDERS[D15]})
    types = {field.name: str(field.field_type) for field in lake.load().schema().fields}
    assert (types["line_count"], types["coupon"]) == ("long", "string")


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"city": "bigint"}, "city became bigint, and Iceberg cannot widen string to it"),
        ({"total_amount": "decimal(18, 2)"}, "cannot widen decimal.18, 4. to it"),
        ({"city": None}, "gold has no column city any more"),
    ],
)
def test_any_other_change_of_the_contract_is_refused(
    lake: Lake, gold: Gold, columns: dict[str, str | None], reason: str
) -> None:
    lake.publish(gold, D14)
    changed = {each.name: each.type for each in gold.contract.columns} | columns
    gold.contract = contract_of(*((name, type_) for name, type_ in changed.items() if type_))
    with pytest.raises(RefusedError, match=f"sales.fct_orders cannot follow.*{reason}.*No stored data was"):
        lake.publish(gold, D14)
    assert lake.orders() == exact({D14: ORDERS[D14]})


def test_without_pyiceberg_or_a_catalog_a_sentence_says_what_to_do() -> None:
    with (
        without_package("pyiceberg.catalog.sql"),
        pytest.raises(RefusedError, match=r"pip install 'sales_assets\[lake\]'"),
    ):
        LakeResource().open_catalog()
    with pytest.raises(RefusedError, match="Set LAKE_CATALOG_URI and LAKE_WAREHOUSE"):
        LakeResource().open_catalog()
    unreachable = LakeResource(catalog_uri="sqlite:////proc/none/s3cret.db", warehouse="s3://b/lake")
    assert "s3cret" not in repr(unreachable)


def test_days_are_published_to_s3(
    tmp_path: Path, gold: Gold, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, port = s3.proxy.upstream  # the proxy does not pass on how Arrow uploads
    for name, value in {**s3.variables, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():
        monkeypatch.setenv(name, value)
    lake = Lake(tmp_path, warehouse=f"s3://{s3.bucket}/lake")
    lake.publish(gold, D14, D15)
    gold.put({D15: {3: "31"}})
    assert lake.publish(gold, D14, D15).changed == [D15]
    assert lake.orders() == exact({D14: ORDERS[D14], D15: {3: "31"}})
    assert all(path.startswith(f"s3://{s3.bucket}/lake/sales/fct_orders/") for path in lake.files())


def test_days_are_grouped_by_rows_and_told_as_ranges() -> None:
    counts = {D14: 2, D15: 9, D16: 1}
    assert group_days(counts, 3) == [[D14], [D15], [D16]]
    assert group_days(counts, 11) == [[D14, D15], [D16]]
    assert format_day_ranges([D14, D15, date(2025, 2, 1)]) == "2025-01-14..2025-01-15, 2025-02-01"


def test_the_tables_are_laid_out_for_their_readers(lake: Lake, gold: Gold) -> None:
    table = lake.open(gold)
    assert table.schema().identifier_field_names() == {"order_id"}
    assert [field.required for field in table.schema().fields if field.name in FCT_ORDERS.required] == [
        True,
        True,
    ]
    assert table.schema().find_field("city").doc == "The city."
    personal = dg.TableColumn("email", "varchar", "The address.", tags={"personal_data": ""})
    gold.execute("alter table gold.fct_orders add column email varchar")
    gold.contract = dg.TableSchema(columns=[*gold.contract.columns, personal])
    assert lake.open(gold).schema().find_field("email").doc == "The address. Personal data."
