"""The asset `bi_export`: its files are gold, other tools open them, and what stays if it is interrupted."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow.parquet as pq
import pytest

from sales_assets.assets import bi_export
from sales_assets.assets.bi_export import EXPORTED_MARTS
from sales_assets.dbt.marts import Mart, list_marts
from sales_assets.dbt.project import prepare_project
from sales_assets.definitions import defs
from sales_assets.errors import RefusedError
from sales_assets.operations.reporting.exports import DATABASE, MANIFEST_OF_EXPORT, export_marts
from sales_assets.settings import settings
from sales_assets.warehouse.file_store import FileStore, open_file_store
from sales_assets.warehouse.file_stores import FileStores
from sales_assets_tests.support.bi_client import BI_CLIENT, why_no_bi_client
from sales_assets_tests.support.warehouses import WarehouseUnderTest, fake_snowflake, temporary_duckdb

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("files_stay_open")]  # each exports all of gold

FCT_ORDERS = Mart(
    "fct_orders",
    (
        dg.TableColumn("order_id", "BIGINT"),
        dg.TableColumn("order_date", "DATE"),
        dg.TableColumn("total_amount", "DECIMAL(38, 4)"),
        dg.TableColumn("city", "VARCHAR"),
    ),
    frozenset(),
    is_daily=True,
)
DIM_CUSTOMERS = Mart(
    "dim_customers",
    (dg.TableColumn("customer_id", "BIGINT"), dg.TableColumn("email", "VARCHAR")),
    frozenset({"email"}),
    is_daily=False,
)
NOT_BUILT = Mart("marketing_roi", (dg.TableColumn("spend", "BIGINT"),), frozenset(), is_daily=False)
ORDERS = pd.DataFrame(
    [
        (3, date(2026, 11, 2), 9.75, "Roma"),
        (1, date(2026, 10, 31), 0.2, "København"),
        (2, date(2026, 11, 1), 0.1, None),
    ],
    columns=["order_id", "order_date", "total_amount", "city"],
)
CUSTOMERS = pd.DataFrame({"customer_id": [7], "email": ["ada@example.com"]})
OCTOBER, NOVEMBER = (f"fct_orders/month=2026-{month}/data.parquet" for month in (10, 11))


def store_mart(warehouse: WarehouseUnderTest, mart: Mart, rows: pd.DataFrame) -> None:
    contract = dg.TableSchema(
        columns=[dg.TableColumn(each.name, each.type.replace(" ", "")) for each in mart.columns]
    )

    @dg.asset(
        name=mart.name, key_prefix="gold", metadata={"schema": "gold", "dagster/column_schema": contract}
    )
    def table() -> pd.DataFrame:
        return rows

    warehouse.materialize(table)


def export(warehouse: WarehouseUnderTest, store: FileStore, folder: Path, **options: Any) -> dict[str, Any]:
    folder.mkdir()
    with dg.build_init_resource_context() as context:
        engine = warehouse.io_manager.create_io_manager(context).engine
    given: dict[str, Any] = {"caller": "a test", "with_personal_data": False, "exported_at": "now"} | options
    return export_marts(engine, [FCT_ORDERS, DIM_CUSTOMERS, NOT_BUILT], store, folder, **given)


@pytest.mark.parametrize("engine", [temporary_duckdb, fake_snowflake])
def test_the_files_are_gold_in_parquet_and_in_a_database_on_both_engines(
    engine: Callable[[Path], AbstractContextManager[WarehouseUnderTest]], tmp_path: Path
) -> None:
    root = tmp_path / "exports"
    store = open_file_store(str(root))
    with engine(tmp_path) as warehouse:
        store_mart(warehouse, FCT_ORDERS, ORDERS)
        store_mart(warehouse, DIM_CUSTOMERS, CUSTOMERS)
        manifest = export(warehouse, store, tmp_path / "made")
    assert json.loads((root / MANIFEST_OF_EXPORT).read_text()) == manifest
    orders, customers = (manifest["marts"][name] for name in ("fct_orders", "dim_customers"))
    assert (orders["rows"], orders["sums"]) == (3, {"total_amount": "10.0500"})
    assert orders["days"] == ["2026-10-31", "2026-11-02"]
    assert [file["name"] for file in orders["files"]] == [OCTOBER, NOVEMBER]
    assert (customers["columns"], customers["left_out"]) == ({"customer_id": "BIGINT"}, ["email"])
    november = pq.read_table(root / NOVEMBER, partitioning=None)
    assert november["order_id"].to_pylist() == [2, 3]
    assert november["total_amount"].to_pylist() == [Decimal("0.1000"), Decimal("9.7500")]
    assert pd.read_parquet(root / OCTOBER)["city"].tolist() == ["København"]
    assert b"ada@example.com" not in b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())


READ = """
import duckdb, json
connection = duckdb.connect({path!r}, read_only=True)
sums = "count(*), sum(total_amount)::varchar, max(order_date)::varchar"
[orders] = connection.execute(f"select {{sums}} from gold.fct_orders").fetchall()
columns = connection.execute("describe gold.dim_customers").fetchall()
print(json.dumps([duckdb.__version__, orders, [column[0] for column in columns]]))
"""


@pytest.mark.skipif(bool(why_no_bi_client()), reason=why_no_bi_client())
def test_the_duckdb_that_bi_tools_contain_opens_the_database(tmp_path: Path) -> None:
    """It is a process of its own: two versions of DuckDB cannot be in one."""
    with temporary_duckdb(tmp_path) as warehouse:
        store_mart(warehouse, FCT_ORDERS, ORDERS)
        store_mart(warehouse, DIM_CUSTOMERS, CUSTOMERS)
        export(warehouse, open_file_store(str(tmp_path / "exports")), tmp_path / "made")
    code = READ.format(path=str(tmp_path / "exports" / DATABASE))
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(BI_CLIENT)}, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    version, orders, columns = json.loads(done.stdout)
    assert version.startswith("1.5.")
    assert (orders, columns) == ([3, "10.0500", "2026-11-02"], ["customer_id"])


def test_personal_data_is_exported_only_if_asked_for_and_is_gone_when_it_no_longer_is(tmp_path: Path) -> None:
    root = tmp_path / "exports"
    file = root / "dim_customers" / "data.parquet"
    with temporary_duckdb(tmp_path) as warehouse:
        store_mart(warehouse, DIM_CUSTOMERS, CUSTOMERS)
        export(warehouse, open_file_store(str(root)), tmp_path / "a", with_personal_data=True)
        assert pd.read_parquet(file)["email"].tolist() == ["ada@example.com"]
        export(warehouse, open_file_store(str(root)), tmp_path / "b")
    assert list(pd.read_parquet(file)) == ["customer_id"]
    assert b"ada@example" not in (root / DATABASE).read_bytes()


def test_only_what_changed_is_written_again_and_what_is_gone_is_removed(tmp_path: Path) -> None:
    root = tmp_path / "exports"
    store = open_file_store(str(root))
    with temporary_duckdb(tmp_path) as warehouse:
        store_mart(warehouse, FCT_ORDERS, ORDERS)
        export(warehouse, store, tmp_path / "a")
        (root / "notes.txt").write_text("a person's own file")
        inodes = {name: (root / name).stat().st_ino for name in (OCTOBER, NOVEMBER)}
        store_mart(warehouse, FCT_ORDERS, ORDERS.assign(city="Wien").where(ORDERS["order_id"] != 1, ORDERS))
        export(warehouse, store, tmp_path / "b")
        assert (root / OCTOBER).stat().st_ino == inodes[OCTOBER]
        assert pd.read_parquet(root / NOVEMBER)["city"].tolist() == ["Wien", "Wien"]
        store_mart(warehouse, FCT_ORDERS, ORDERS.query("order_id != 1"))
        export(warehouse, store, tmp_path / "c")
    assert store.list_names() == [NOVEMBER, MANIFEST_OF_EXPORT, "notes.txt", DATABASE]


class FullStore:
    """A store that takes some files, and no more."""

    def __init__(self, store: FileStore, room: int):
        self._store, self._room = store, room

    def write(self, name: str, content: bytes, **headers: str) -> str:
        """Write a file while there is room."""
        self._room -= 1
        if self._room < 0:
            message = "No space is left."
            raise OSError(message)
        return self._store.write(name, content, **headers)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_an_export_that_ends_half_way_leaves_whole_files_and_the_next_one_mends_all(tmp_path: Path) -> None:
    root = tmp_path / "exports"
    store = open_file_store(str(root))
    with temporary_duckdb(tmp_path) as warehouse:
        store_mart(warehouse, FCT_ORDERS, ORDERS)
        export(warehouse, store, tmp_path / "a")
        before = (root / MANIFEST_OF_EXPORT).read_bytes()
        store_mart(warehouse, FCT_ORDERS, ORDERS.assign(city="Wien"))
        full: Any = FullStore(store, room=1)
        with pytest.raises(OSError, match="No space"):
            export(warehouse, full, tmp_path / "b")
        assert (root / MANIFEST_OF_EXPORT).read_bytes() == before
        assert pd.read_parquet(root / NOVEMBER)["city"].tolist() == [None, "Roma"]
        assert pd.read_parquet(root / OCTOBER)["city"].tolist() == ["Wien"]
        manifest = export(warehouse, store, tmp_path / "c")
        assert pd.read_parquet(root / NOVEMBER)["city"].tolist() == ["Wien", "Wien"]
        assert manifest["marts"]["fct_orders"]["rows"] == 3


def test_gold_without_a_table_is_refused_and_the_export_before_stays(tmp_path: Path) -> None:
    store = open_file_store(str(tmp_path / "exports"))
    store.write(MANIFEST_OF_EXPORT, b"{}")
    with temporary_duckdb(tmp_path) as warehouse:
        with pytest.raises(
            RefusedError, match=r"No stored data was changed, and the export before was kept\."
        ):
            export(warehouse, store, tmp_path / "a")
        stores = FileStores(reports="", exports=str(tmp_path / "exports"))
        resources = {"io_manager": warehouse.io_manager, "file_stores": stores}
        assert not dg.materialize([bi_export], resources=resources, raise_on_error=False).success
    assert store.read(MANIFEST_OF_EXPORT) == b"{}"


def test_every_mart_of_dbt_is_exported_and_its_personal_data_is_known() -> None:
    marts = list_marts(prepare_project(settings()).manifest_path)
    assert [mart.name for mart in marts] == list(EXPORTED_MARTS)
    personal = {mart.name: sorted(mart.personal) for mart in marts if mart.personal}
    assert personal == {"dim_customers": ["email", "first_name", "last_name"]}
    assert [mart.name for mart in marts if mart.is_daily] == ["fct_orders"]


def test_dbts_exposures_and_the_graph_name_the_same_marts() -> None:
    manifest = json.loads(prepare_project(settings()).manifest_path.read_text())
    graph = defs.get_repository_def().asset_graph
    for exposure in manifest["exposures"].values():
        nodes = [node.split(".") for node in exposure["depends_on"]["nodes"]]
        read = {dg.AssetKey(name if kind == "source" else ["gold", name]) for kind, *_, name in nodes}
        assert read == graph.get(dg.AssetKey(exposure["name"])).parent_keys
    assert {each["name"] for each in manifest["exposures"].values()} == {"bi_export", "sales_dashboard"}
