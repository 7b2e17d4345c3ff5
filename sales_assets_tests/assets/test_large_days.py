"""A day that does not fit into memory ends as one that does: stored, reported, refused or rejected alike."""

from typing import Any

import dagster as dg
import pytest

from sales_assets.assets import _large_days, raw_customers, raw_orders, silver_enriched_orders
from sales_assets.catalog import day_groups
from sales_assets.settings import Settings
from sales_assets.transforms import spooled_rows
from sales_assets.warehouse import partition_groups
from sales_assets.warehouse.duckdb import DuckDBWarehouse, DuckDBWarehouseIOManager
from sales_assets.warehouse.engine import WarehouseReader
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.results import failure

pytestmark = [
    pytest.mark.slow,  # each loads a day in chunks, twice
    pytest.mark.usefixtures("files_stay_open"),
]

ASSETS = [raw_orders, raw_customers, silver_enriched_orders]
DAY = "2025-01-15"
RANGE = {
    "dagster/asset_partition_range_start": "2025-01-14",
    "dagster/asset_partition_range_end": "2025-01-16",
}
TABLES = ("raw.raw_orders", "raw.raw_customers", "raw.rejected_orders", "silver.silver_enriched_orders")
OF_ONE_LOAD = {"read_at", "bytes", "preview"}
"""The metadata that two loads of the same rows do not have alike: the ERP lists rows in no certain order."""


class Loads:
    """Loads days in memory and in chunks, each into a warehouse of its own."""

    def __init__(self, settings: Settings, monkeypatch: pytest.MonkeyPatch):
        self.folder = settings.duckdb_path.parent
        self.monkeypatch = monkeypatch

    def load(self, erp: Erp, *, rows_in_memory: int, share: float = 0, **options: Any) -> dict[str, Any]:
        """Everything that a load stores, reports and says."""
        self.monkeypatch.setattr(day_groups, "ROWS_PER_GROUP", 4)
        self.monkeypatch.setattr(spooled_rows, "SPOOLED_CHUNK_ROWS", 2)
        for module in (day_groups, partition_groups, _large_days):
            self.monkeypatch.setattr(module, "LARGEST_DAY_IN_MEMORY", rows_in_memory)
        database = str(self.folder / f"{rows_in_memory}.duckdb")
        result = dg.materialize(
            ASSETS,
            instance=dg.DagsterInstance.ephemeral(),
            resources={
                "postgres_erp": erp.resource,
                "io_manager": DuckDBWarehouseIOManager(database=database),
            },
            run_config={"ops": {"raw_orders": {"config": {"max_rejected_share": share}}}},
            raise_on_error=False,
            **options,
        )
        with DuckDBWarehouse(database=database).connect() as reader:
            tables = {table: _read(reader, table) for table in TABLES}
        return {
            "failure": None if result.success else failure(result),
            "reports": [_describe(m) for asset in ASSETS for m in _list_reports(result, asset)],
            "tables": tables,
        }

    def compare(self, erp: Erp, **options: Any) -> dict[str, Any]:
        """Load days in memory, then in chunks; returns what both end with."""
        in_memory = self.load(erp, rows_in_memory=1_000, **options)
        in_chunks = self.load(erp, rows_in_memory=4, **options)
        assert in_chunks == in_memory
        return in_chunks


def _list_reports(result: dg.ExecuteInProcessResult, asset: dg.AssetsDefinition) -> Any:
    return result.asset_materializations_for_node(asset.key.path[-1])


def _describe(report: dg.AssetMaterialization) -> dict[str, Any]:
    values = {name: value.value for name, value in report.metadata.items()}
    key = {"asset": report.asset_key.to_user_string(), "day": report.partition}
    shown = {name: value for name, value in values.items() if name not in OF_ONE_LOAD}
    return {**key, **shown, "previewed": str(values["preview"]).count("\n")}


def _read(warehouse: WarehouseReader, table: str) -> list[str]:
    [(exists,)] = warehouse.query(
        "select count(*) from duckdb_tables() where schema_name || '.' || table_name = ?", [table]
    ).itertuples(index=False)
    if not exists:
        return []
    rows = warehouse.query(f"select * from {table}").drop(columns="run_id", errors="ignore")
    return sorted(str(row) for row in rows.itertuples(index=False))


@pytest.fixture
def loads(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Loads:
    return Loads(settings, monkeypatch)


@pytest.fixture
def three_days(erp: Erp) -> Erp:
    """Seven orders of seven customers on the second day, one order on each of the others."""
    for id_ in range(1, 8):
        erp.customer(id_, city=f"City {id_}")
        status = {5: "cancelled", 6: "teleported"}.get(id_, "shipped")
        erp.order(id_, f"2025-01-15 1{id_}:00+00", customer=id_ if id_ < 7 else 99, status=status)
    erp.order(14, "2025-01-14 10:00+00", customer=1)
    erp.order(16, "2025-01-16 10:00+00", customer=2)
    return erp


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"tags": RANGE}, id="range"),
        pytest.param({"partition_key": DAY}, id="day", marks=pytest.mark.exhaustive),
    ],
)
def test_a_large_day_is_stored_and_reported_as_any_other(
    three_days: Erp, loads: Loads, options: dict[str, Any]
) -> None:
    ended = loads.compare(three_days, **options)
    assert ended["failure"] is None
    [silver] = [
        each for each in ended["reports"] if (each["asset"], each["day"]) == ("silver_enriched_orders", DAY)
    ]
    assert (silver["row_count"], silver["total_amount"], silver["unmatched_customers"]) == (5, 50.0, 1)


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        ("update order_items set unit_price = -5 where order_id in (1, 7)", "Negative amounts found in 2"),
        pytest.param(
            "update orders set updated_at = 'infinity' where id in (2, 6, 7)",
            "outside the years 1 to 9999",
            marks=pytest.mark.exhaustive,
        ),
        pytest.param(
            "update order_items set unit_price = 1e12 where order_id = 4",
            "Amounts above",
            marks=pytest.mark.exhaustive,
        ),
    ],
)
def test_a_large_day_is_refused_in_the_same_words_and_the_other_days_are_stored(
    three_days: Erp, loads: Loads, broken: str, fault: str
) -> None:
    three_days.run(broken)
    ended = loads.compare(three_days, tags=RANGE)
    assert fault in ended["failure"]
    assert "2 other day(s) of the run are stored" in ended["failure"]


@pytest.mark.parametrize(
    ("status", "share"),
    [
        ("completed", 0.5),
        ("cancelled", 0),
        pytest.param("completed", 0, marks=pytest.mark.exhaustive),
        pytest.param("cancelled", 0.5, marks=pytest.mark.exhaustive),
    ],
)
def test_orders_that_are_listed_twice_in_different_chunks_are_found(
    three_days: Erp, loads: Loads, status: str, share: float
) -> None:
    three_days.run(f"update orders set status = '{status}' where id = 1")
    three_days.run("update order_items set unit_price = -5 where order_id = 3")
    twice = "select * from public.orders union all select * from public.orders where id = 1"
    ended = loads.compare(three_days.through_views({"orders": twice}), share=share, tags=RANGE)
    if share:
        assert ended["failure"] is None
        assert len(ended["tables"]["raw.rejected_orders"]) == (2 if status == "completed" else 1)
    else:
        assert "Duplicate orders found, 2 rows for 1 order(s): 1." in ended["failure"]


def test_too_many_bad_orders_refuse_a_large_day_with_their_share(three_days: Erp, loads: Loads) -> None:
    three_days.run("update order_items set unit_price = -5 where order_id in (1, 3)")
    ended = loads.compare(three_days, share=0.3, tags=RANGE)
    assert "2 of 5 orders fail validation" in ended["failure"]
