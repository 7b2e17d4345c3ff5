"""The maintenance of the lake: files become fewer, and no reader and no running publication loses a row."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
import pyarrow as pa
import pytest

from sales_assets.operations.lake.op import LakeMaintenanceConfig, maintain_lake
from sales_assets.warehouse.lake.audit_branch import open_audit, read_branch_rows, select_days
from sales_assets.warehouse.lake.compaction import Compacted, compact_files
from sales_assets.warehouse.lake.publish import AuditFailedError
from sales_assets.warehouse.lake.upkeep import Removed, drop_old_audits, expire_snapshots, remove_orphans
from sales_assets_tests.support.lake import D14, D15, D16, DAILY_SALES, FCT_ORDERS, Gold, Lake, exact

pytestmark = [
    pytest.mark.slow,  # each publishes to a lake, several times
    pytest.mark.usefixtures("files_stay_open"),
]

ORDERS = {D14: {1: "10"}, D15: {3: "30"}, D16: {4: "40"}}


def in_future() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=60)


def list_files(lake: Lake) -> dict[str, Path]:
    root = Path(urlsplit(lake.load().location()).path)
    return {path.name: path for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def gold(tmp_path: Path) -> Gold:
    gold = Gold(tmp_path)
    gold.put(ORDERS)
    return gold


@pytest.fixture
def lake(tmp_path: Path, gold: Gold) -> Lake:
    """A lake in which 15 January was published twice."""
    lake = Lake(tmp_path)
    lake.publish(gold, D14, D15, D16)
    gold.put({D15: {3: "31"}})
    lake.publish(gold, D15)
    return lake


def test_expired_snapshots_leave_files_that_are_then_removed(lake: Lake) -> None:
    table = lake.load()
    before = lake.orders()
    old = {path.name for path in list_files(lake).values()}
    assert remove_orphans(table, in_future()) == Removed()
    assert expire_snapshots(table, in_future(), keep_last=9) == 1  # the delete under the second publication
    assert expire_snapshots(table, in_future(), keep_last=1) == 2
    removed = remove_orphans(table, in_future())
    gone = old - list_files(lake).keys()
    assert len([name for name in gone if name.endswith(".parquet")]) == 1
    assert removed.files == len(gone)
    assert removed.size > 0
    assert Lake.orders(lake) == before
    assert remove_orphans(table, in_future()) == Removed()


def test_a_tag_keeps_what_a_report_was_made_of(lake: Lake) -> None:
    table = lake.load()
    of_report = table.history()[1].snapshot_id
    table.manage_snapshots().create_tag(of_report, "report").commit()
    expire_snapshots(table, in_future(), keep_last=1)
    remove_orphans(table, in_future())
    assert lake.orders(of_report)[D15] == {3: "30.0000"}


def test_young_snapshots_and_files_and_those_of_others_stay(lake: Lake) -> None:
    table = lake.load()
    root = Path(urlsplit(table.location()).path)
    (root / "data" / "notes.txt").write_text("somebody's")
    (root / "data" / "running.parquet").write_bytes(b"not committed yet")
    (root / "data" / "dead.parquet").write_bytes(b"of a killed run")
    two_days_ago = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    for name in ("notes.txt", "dead.parquet"):
        os.utime(root / "data" / name, (two_days_ago, two_days_ago))
    a_day_ago = datetime.now(UTC) - timedelta(days=1)
    assert expire_snapshots(table, a_day_ago, keep_last=1) == 0
    assert remove_orphans(table, a_day_ago) == Removed(1, len(b"of a killed run"))
    assert {"notes.txt", "running.parquet"} <= list_files(lake).keys()


def test_the_branch_of_a_killed_run_is_dropped_and_that_of_a_running_one_is_not(
    lake: Lake, gold: Gold
) -> None:
    with open_audit(lake.load()) as branch:
        rows = gold.days().read([D16])
        branch.replace(select_days("order_date", [D16]), rows, {}, has_old=True)
        assert drop_old_audits(lake.load(), datetime.now(UTC) - timedelta(seconds=60)) == 0
        expire_snapshots(lake.load(), in_future(), keep_last=1)
        remove_orphans(lake.load(), in_future())
        branch.move_main()
    assert lake.orders()[D16] == exact(ORDERS)[D16]
    lake.load().manage_snapshots().create_branch(
        lake.load().history()[-1].snapshot_id, "audit_1_dead"
    ).commit()
    assert drop_old_audits(lake.load(), in_future()) == 1
    assert list(lake.load().refs()) == ["main"]


def test_the_small_files_of_a_folder_become_one_with_the_same_rows(
    tmp_path: Path, lake: Lake, gold: Gold
) -> None:
    table = lake.load()
    extra = gold.days().read([D16]).set_column(0, table.scan().to_arrow().schema.field("order_id"), [[5]])
    table.append(extra.cast(gold.days().schema))  # another engine adds a file to the day
    sales = Gold(tmp_path, DAILY_SALES)
    for day in (D14, D15, D16):
        sales.put({day: {1: "1"}})
        lake.publish(sales, day)
    before = lake.orders()
    assert (len(lake.files()), len(lake.files(DAILY_SALES))) == (4, 3)
    assert compact_files(lake.load, FCT_ORDERS) == Compacted(2, 1)
    assert compact_files(lambda: lake.load(DAILY_SALES), DAILY_SALES) == Compacted(3, 1)
    assert (len(lake.files()), len(lake.files(DAILY_SALES))) == (3, 1)
    assert lake.orders() == before
    assert compact_files(lake.load, FCT_ORDERS) == Compacted()


def test_a_compaction_gives_way_to_a_publication_and_is_audited(
    lake: Lake, gold: Gold, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.load().append(gold.days().read([D16]))
    read, called = read_branch_rows, "sales_assets.warehouse.lake.compaction.read_branch_rows"

    def publish_meanwhile(*arguments: Any) -> pa.Table:
        gold.put({D14: {1: "11"}})
        lake.publish(gold, D14)
        return read(*arguments)

    monkeypatch.setattr(called, publish_meanwhile)
    assert compact_files(lake.load, FCT_ORDERS) == Compacted()
    assert lake.orders()[D14] == {1: "11.0000"}
    firsts = iter([0, 1])
    monkeypatch.setattr(called, lambda *given: read(*given).slice(next(firsts)))
    before = lake.files()
    with pytest.raises(AuditFailedError, match="were not compacted: the new ones differ"):
        compact_files(lake.load, FCT_ORDERS)
    assert lake.files() == before


def test_the_op_says_what_it_won(lake: Lake, gold: Gold) -> None:
    lake.load().append(gold.days().read([D16]))
    with dg.build_op_context() as context:
        maintain_lake(context, LakeMaintenanceConfig(), lake.resource)
        [record] = (context.get_output_metadata("result") or {})["won"].records
    assert record.data["table"] == "sales.fct_orders"
    assert record.data["files_compacted"] == 1
    assert record.data["snapshots_expired"] == record.data["files_removed"] == 0
    with pytest.raises(ValueError, match="greater than or equal to 24"):
        LakeMaintenanceConfig(orphans_after_hours=1)
