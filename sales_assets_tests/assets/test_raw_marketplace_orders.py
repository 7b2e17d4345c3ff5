"""The asset `raw_marketplace_orders`: real HTTP, a real DuckDB file, and everything that may fail."""

import gc
import gzip
import re
import tempfile
import weakref
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from sales_assets.assets import raw_marketplace_orders
from sales_assets.catalog.partitions import MARKETPLACE_FILES, file_of_partition, partition_of_file
from sales_assets.settings import Settings
from sales_assets.sources.marketplace import file_limits, order_files
from sales_assets.transforms.marketplace_orders import parse_order_lines
from sales_assets.warehouse.duckdb import DuckDBWarehouse, DuckDBWarehouseIOManager
from sales_assets_tests.support.order_files import LINE, csv_file, parquet_file
from sales_assets_tests.support.results import failure, metadata
from sales_assets_tests.support.s3 import PREFIX, S3, Answer, Proxy, reset_half_way, s3_error
from sales_assets_tests.support.warehouses import fake_snowflake

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("files_stay_open")]


class Loader:
    """Loads files into a temporary warehouse."""

    def __init__(self, s3: S3, database: Path):
        self.s3 = s3
        self.warehouse = DuckDBWarehouse(database=str(database))
        self.instance = dg.DagsterInstance.ephemeral()

    def load(self, name: str, **options: Any) -> dg.ExecuteInProcessResult:
        """Run the asset for one file; options are those of the resource `s3`."""
        key = partition_of_file(PREFIX + name)
        self.instance.add_dynamic_partitions(str(MARKETPLACE_FILES.name), [key])
        resources = {
            "s3": self.s3.resource(**options) if options else self.s3.quick_resource(),
            "io_manager": DuckDBWarehouseIOManager(database=self.warehouse.database),
        }
        return dg.materialize(
            [raw_marketplace_orders],
            partition_key=key,
            resources=resources,
            instance=self.instance,
            raise_on_error=False,
        )

    def stored(self) -> list[tuple[str, str]]:
        """Order ids by file, without the prefix."""
        rows = self.warehouse.query(
            "select source_file, order_id from raw.raw_marketplace_orders order by 1, 2"
        )
        return [(file.removeprefix(PREFIX), id_) for file, id_ in rows.itertuples(index=False)]


def is_retried(result: dg.ExecuteInProcessResult) -> bool:
    """Return whether Dagster tried again."""
    return bool(result.filter_events(lambda event: event.is_step_up_for_retry))


@pytest.fixture
def loader(s3: S3, settings: Settings) -> Loader:
    return Loader(s3, settings.duckdb_path)


def lines(*ids: str, **columns: str) -> bytes:
    return csv_file(*({"order_id": id_} | columns for id_ in ids))


def test_a_file_is_stored_exactly(loader: Loader) -> None:
    loader.s3.put("bazaar.csv", csv_file({"order_date": "2025-01-15T10:30:00+01:00", "unit_price": "0.0001"}))
    assert loader.load("bazaar.csv").success
    [row] = loader.warehouse.query(
        "select *, unit_price::varchar as price from raw.raw_marketplace_orders"
    ).to_dict("records")
    assert row == {
        **LINE,
        "order_date": pd.Timestamp("2025-01-15 09:30", tz="UTC"),
        "qty": 2,
        "unit_price": 0.0001,
        "price": "0.0001",
        "source_file": "in/bazaar.csv",
    }


def test_csv_gzip_and_parquet_files_are_stored_together_and_replaced_separately(loader: Loader) -> None:
    loader.s3.put("a.csv", lines("a1", "a2"))
    loader.s3.put("b.csv.gz", gzip.compress(lines("b1")))
    loader.s3.put("c.parquet", parquet_file(order_id=["c1", "c2"]))
    for _ in range(2):
        assert all(loader.load(name).success for name in ("a.csv", "b.csv.gz", "c.parquet"))
    loader.s3.put("a.csv", lines("a3"))
    assert loader.load("a.csv").success
    assert loader.stored() == [("a.csv", "a3"), ("b.csv.gz", "b1"), ("c.parquet", "c1"), ("c.parquet", "c2")]


def test_a_file_is_described_in_metadata_without_personal_data(loader: Loader) -> None:
    content = csv_file({"qty": "3", "unit_price": "0.1", "coupon": "X"}, {"currency": "SEK"})
    loader.s3.put("a.csv", content)
    result = loader.load("a.csv")
    reported = metadata(result, "raw_marketplace_orders")
    assert reported["file"] == f"s3://{loader.s3.bucket}/in/a.csv"
    assert reported["file_size"] == len(content)
    assert len(reported["etag"]) == 32
    assert reported["last_modified"] > 0
    assert reported["row_count"] == reported["dagster/partition_row_count"] == 2
    assert reported["amounts"] == {"EUR": "0.3000", "SEK": "39.9800"}
    assert reported["ignored_columns"] == ["coupon"]
    assert "bazaar" in reported["preview"]
    assert "ada" not in str(reported)


@pytest.mark.parametrize(
    "name",
    [
        "a b/ç ß 日本.csv",
        "../../etc/passwd.csv",
        "100%25 %.csv",
        "dots....csv",
        "it's; drop table raw.raw_marketplace_orders --.csv",
        "a,b[c]|d?x=1&y#z.csv",
        "tab\tand all.csv",
        "'\"`$(rm -rf)\\.csv",
    ],
)
def test_any_key_is_only_a_name(loader: Loader, name: str, tmp_path: Path) -> None:
    loader.s3.put("other.csv", lines("other"))
    assert loader.load("other.csv").success
    loader.s3.put(name, lines("first"))
    assert loader.load(name).success
    loader.s3.put(name, lines("second"))
    assert loader.load(name).success
    stored = loader.warehouse.query("select source_file, order_id from raw.raw_marketplace_orders")
    by_file = {file_of_partition(file): id_ for file, id_ in stored.itertuples(index=False)}
    assert by_file == {PREFIX + name: "second", f"{PREFIX}other.csv": "other"}
    assert {path.name for path in tmp_path.iterdir()} == {
        "sales.duckdb",
        "sales.duckdb.lock",
        "sales.duckdb.queue",
        "sales.duckdb.wal",  # while the file is open
    }


def test_no_two_keys_are_one_partition() -> None:
    keys = [
        "a%2E%2E%2Eb",
        "a...b",
        "a%252E%252E%252Eb",
        "a....b",
        "a\nb",
        "a%0Ab",
        "a%b",
        "a+b",
        "a b",
        "é",
        "\x7f",
    ]
    partitions = [partition_of_file(key) for key in keys]
    assert len(set(partitions)) == len(keys)
    assert [file_of_partition(partition) for partition in partitions] == keys
    dg.StaticPartitionsDefinition(partitions)  # refuses keys that the UI cannot select


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lines("new").replace(b"qty", b"quantity"), "Missing column qty"),
        (csv_file({}, {"unit_price": "-1"}), "Line 3, column unit_price: expected an amount of 0 or more"),
        (b"\x00\xff", "Line 1: not UTF-8 text"),
    ],
)
def test_a_bad_file_keeps_its_earlier_version_and_does_not_affect_others(
    loader: Loader, content: bytes, reason: str
) -> None:
    for name in ("a.csv", "b.csv"):
        loader.s3.put(name, lines("old"))
        assert loader.load(name).success
    loader.s3.put("a.csv", content)
    loader.s3.put("b.csv", lines("new"))
    result = loader.load("a.csv")
    assert not result.success
    assert not is_retried(result)
    message = failure(result)
    assert f"s3://{loader.s3.bucket}/in/a.csv was refused. {reason}" in message
    assert "No stored data was changed." in message
    assert loader.load("b.csv").success
    assert loader.stored() == [("a.csv", "old"), ("b.csv", "new")]


def test_a_bad_row_in_the_last_chunk_stores_nothing_of_the_first(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_limits, "CHUNK_ROWS", 2)
    loader.s3.put("a.csv", lines("old"))
    assert loader.load("a.csv").success
    loader.s3.put("a.csv", csv_file(*[{"order_id": str(n)} for n in range(6)], {"qty": "many"}))
    message = failure(loader.load("a.csv"))
    assert "Line 8, column qty: expected " in message
    assert "got 'many'." in message
    assert loader.stored() == [("a.csv", "old")]
    loader.s3.put("a.csv", csv_file(*[{"order_id": str(n)} for n in range(5)]))
    result = loader.load("a.csv")
    assert metadata(result, "raw_marketplace_orders")["row_count"] == 5
    assert metadata(result, "raw_marketplace_orders")["amounts"] == {"EUR": "199.9000"}
    assert len(loader.stored()) == 5


def test_a_file_of_many_chunks_is_never_held_whole(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_limits, "CHUNK_ROWS", 1000)
    made: list[weakref.ref[pd.DataFrame]] = []
    held: list[int] = []

    def parse(*arguments: Any) -> pd.DataFrame:
        gc.collect()
        held.append(sum(chunk() is not None for chunk in made))
        frame = parse_order_lines(*arguments)
        made.append(weakref.ref(frame))
        return frame

    monkeypatch.setattr(order_files, "parse_order_lines", parse)
    loader.s3.put("a.csv", csv_file(*[{}] * 5500))
    assert loader.load("a.csv").success
    assert len(loader.stored()) == 5500
    assert held == [0, 1, 1, 1, 1, 1]


def test_a_file_with_only_a_header_empties_its_partition(loader: Loader) -> None:
    loader.s3.put("a.csv", lines("old"))
    assert loader.load("a.csv").success
    loader.s3.put("a.csv", csv_file())
    assert loader.load("a.csv").success
    assert loader.stored() == []


def test_a_deleted_file_is_refused_and_its_rows_are_kept(loader: Loader) -> None:
    loader.s3.put("a.csv", lines("old"))
    assert loader.load("a.csv").success
    loader.s3.delete("a.csv")
    result = loader.load("a.csv")
    assert not is_retried(result)
    assert "NoSuchKey" in failure(result)
    assert "have it uploaded again" in failure(result)
    assert loader.stored() == [("a.csv", "old")]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (s3_error(503, "SlowDown"), "S3 failed to read .*SlowDown: it said so"),
        (s3_error(500, "InternalError"), "S3 failed to read .*InternalError"),
        (s3_error(400, "RequestTimeout"), "S3 failed to read .*RequestTimeout"),
        (reset_half_way, "S3 failed to read "),
    ],
    ids=["503", "500", "time-out", "connection reset"],
)
def test_a_transient_fault_is_retried_and_nothing_is_stored(loader: Loader, fault: Any, message: str) -> None:
    loader.s3.put("a.csv", lines("old"))
    assert loader.load("a.csv").success
    loader.s3.put("a.csv", lines(*(f"new {n}" for n in range(5000))))
    with loader.s3.inject(fault):
        result = loader.load("a.csv")
    assert is_retried(result)
    errors = str([event.event_specific_data for event in result.all_events if event.is_step_up_for_retry])
    assert re.search(message, errors)
    assert "s3cret" not in errors
    assert loader.stored() == [("a.csv", "old")]
    assert loader.load("a.csv").success
    assert len(loader.stored()) == 5000


def test_a_retry_succeeds_after_a_transient_fault(loader: Loader) -> None:
    loader.s3.put("a.csv", lines("new"))

    def once(proxy: Proxy, method: str, path: str) -> Answer | None:
        loader.s3.proxy.faults = []
        return s3_error(503, "SlowDown")(proxy, method, path)

    with loader.s3.inject(once):
        assert loader.load("a.csv").success
    assert loader.stored() == [("a.csv", "new")]


@pytest.mark.parametrize(
    ("fault", "options", "message"),
    [
        (s3_error(403, "AccessDenied"), {}, "AccessDenied: it said so"),
        (s3_error(403, "InvalidAccessKeyId"), {}, "Check SALES_S3_BUCKET, SALES_S3_PREFIX, the AWS_"),
        (None, {"bucket": "no-such-bucket"}, "NoSuchBucket.*Check SALES_S3_BUCKET"),
    ],
)
def test_a_permanent_fault_is_refused_with_what_to_check(
    loader: Loader, fault: Any, options: dict[str, str], message: str
) -> None:
    loader.s3.put("a.csv", lines("new"))
    with loader.s3.inject(*([fault] if fault else [])):
        result = loader.load("a.csv", **options)
    assert not is_retried(result)
    assert re.search(message, failure(result))
    assert "s3cret" not in failure(result)


def test_a_file_that_is_overwritten_while_it_is_loaded_ends_as_its_newer_version(loader: Loader) -> None:
    loader.s3.put("a.csv", lines("first"))

    def overwrite(proxy: Proxy, method: str, path: str) -> Answer | None:
        loader.s3.proxy.faults = []
        answer = proxy.forward(method, path, proxy.headers, b"")
        loader.s3.put("a.csv", lines("second"))
        return answer

    with loader.s3.inject(overwrite):
        result = loader.load("a.csv")
    assert result.success
    assert is_retried(result)
    assert loader.stored() == [("a.csv", "second")]


def test_a_file_that_is_deleted_while_it_is_loaded_is_stored_as_it_was(loader: Loader) -> None:
    loader.s3.put("a.csv", lines("first"))

    def delete(proxy: Proxy, method: str, path: str) -> Answer | None:
        loader.s3.proxy.faults = []
        answer = proxy.forward(method, path, proxy.headers, b"")
        loader.s3.delete("a.csv")
        return answer

    with loader.s3.inject(delete):
        assert loader.load("a.csv").success
    assert loader.stored() == [("a.csv", "first")]


def test_the_copy_of_a_file_has_no_name_on_the_disk_and_is_gone_afterwards(
    loader: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    for content in (lines("good"), csv_file({"qty": "bad"})):
        loader.s3.put("a.csv", content)
        loader.load("a.csv")
        assert list((tmp_path / "tmp").iterdir()) == []


def test_a_run_without_credentials_says_so(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    result = loader.load("a.csv", aws_access_key_id=None, aws_secret_access_key=None)
    assert "Unable to locate credentials" in failure(result)
    assert not is_retried(result)


def test_the_asset_can_be_tested_without_a_warehouse(s3: S3) -> None:
    s3.put("a.csv", csv_file({"qty": "4"}))
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("marketplace_files", ["in/a.csv"])
    resources = {"s3": s3.resource(), "io_manager": dg.mem_io_manager}
    result = dg.materialize(
        [raw_marketplace_orders], partition_key="in/a.csv", resources=resources, instance=instance
    )
    assert result.success


def test_exact_amounts_reach_the_warehouse(loader: Loader) -> None:
    prices = ["99999999999999.9999", "0.0001", "12345678901234.5678"]
    loader.s3.put("a.csv", csv_file(*({"unit_price": price} for price in prices)))
    assert loader.load("a.csv").success
    stored = loader.warehouse.query(
        "select unit_price::varchar as p from raw.raw_marketplace_orders order by unit_price"
    )
    assert sorted(map(Decimal, prices)) == [Decimal(price) for price in stored["p"]]


def test_snowflake_stores_the_same_rows(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_limits, "CHUNK_ROWS", 2)
    s3.put("a.csv", csv_file({"unit_price": "99999999999999.9999"}, {"customer_email": ""}, {}))
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("marketplace_files", ["in/a.csv"])
    with fake_snowflake(tmp_path) as warehouse:
        resources = {"s3": s3.quick_resource(), "io_manager": warehouse.io_manager}
        for content in (None, csv_file({}, {"qty": "x"})):
            if content:
                s3.put("a.csv", content)
            dg.materialize(
                [raw_marketplace_orders],
                partition_key="in/a.csv",
                resources=resources,
                instance=instance,
                raise_on_error=False,
            )
        stored = warehouse.query(
            "select unit_price::varchar as price, customer_email as email, source_file as file, order_date "
            "from raw.raw_marketplace_orders order by unit_price, customer_email"
        )
    assert stored["price"].tolist() == ["19.9900", "19.9900", "99999999999999.9999"]
    assert stored["email"].isna().sum() == 1
    assert set(stored["file"]) == {"in/a.csv"}
    assert set(stored["order_date"]) == {pd.Timestamp("2025-01-15 10:30", tz="UTC")}
