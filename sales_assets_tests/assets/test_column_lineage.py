"""The declared column lineage: change a column, and exactly the columns that are made of it change."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pandas as pd

from sales_assets.catalog.column_lineage import (
    CHURN_SCORES_SOURCES,
    CUSTOMER_FEATURES_SOURCES,
    RAW_CUSTOMERS_SOURCES,
    RAW_ORDERS_SOURCES,
    SILVER_ENRICHED_ORDERS_SOURCES,
    Sources,
)
from sales_assets.catalog.contracts import (
    CHURN_SCORES_SCHEMA,
    CUSTOMER_FEATURES_SCHEMA,
    RAW_CUSTOMERS_SCHEMA,
    RAW_ORDERS_SCHEMA,
    SILVER_ENRICHED_ORDERS_SCHEMA,
)
from sales_assets.catalog.partitions import day_of_row, window_between
from sales_assets.sources.erp import queries
from sales_assets.transforms.enrich_orders import enrich
from sales_assets_tests.support.erp import Erp

WINDOW = window_between("2025-01-01", "2025-01-31")

ERP_CHANGES: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("erp/orders.id",): ("update orders set id = 2", "update order_items set order_id = 2"),
    ("erp/orders.customer_id", "erp/customers.id"): (
        "update orders set customer_id = 8",
        "update customers set id = 8",
    ),
    ("erp/orders.created_at",): ("update orders set created_at = created_at + interval '1 day'",),
    ("erp/orders.updated_at",): ("update orders set updated_at = updated_at + interval '1 day'",),
    ("erp/orders.status",): ("update orders set status = 'shipped'",),
    ("erp/order_items.qty",): ("update order_items set qty = qty + 1",),
    ("erp/order_items.unit_price",): ("update order_items set unit_price = unit_price + 1",),
    ("erp/order_items.discount",): ("update order_items set discount = 0.5",),
    ("erp/customers.updated_at",): ("update customers set updated_at = updated_at + interval '1 day'",),
    **{
        (f"erp/customers.{name}",): (f"update customers set {name} = 'other'",)
        for name in ("email", "first_name", "last_name", "city", "segment")
    },
}
"""What changes columns of the ERP; the two ends of a join change together, so that rows still match."""


def made_of(sources: Sources, changed: tuple[str, ...]) -> set[str]:
    return {column for column, of_column in sources.items() if set(of_column) & set(changed)}


def differing(before: pd.DataFrame, after: pd.DataFrame) -> set[str]:
    assert len(before) == len(after) > 0
    return {str(name) for name in before if not before[name].equals(after[name])}


def read_erp(erp: Erp, *changes: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of both tables, of an ERP with one order and its customer, after some changes."""
    erp.clear()
    erp.customer(7, updated_at="2025-01-10 12:00+00")
    erp.order(1, customer=7, items=[(2, "10.00", "0.1"), (3, "5.50", None)])
    erp.run(*changes)
    bounds, days = WINDOW.bounds, [WINDOW.day_bounds, list(WINDOW.days)]
    orders = erp.resource.execute_query(queries.RAW_ORDERS_SQL, [*bounds])
    customers = erp.resource.execute_query(queries.RAW_CUSTOMERS_SQL, [*bounds, *days])
    return orders.drop(columns="incomplete_items"), customers.sort_values("snapshot_date", ignore_index=True)


def test_the_columns_of_raw_are_made_of_those_of_the_erp_that_are_declared(erp: Erp) -> None:
    before = read_erp(erp)
    declared = {
        source
        for sources in (RAW_ORDERS_SOURCES, RAW_CUSTOMERS_SOURCES)
        for of in sources.values()
        for source in of
    }
    assert declared == {column for changed in ERP_CHANGES for column in changed}
    for changed, statements in ERP_CHANGES.items():
        after = read_erp(erp, *statements)
        assert differing(before[0], after[0]) == made_of(RAW_ORDERS_SOURCES, changed), changed
        assert differing(before[1], after[1]) == made_of(RAW_CUSTOMERS_SOURCES, changed), changed


def change(value: Any) -> Any:
    if isinstance(value, str):
        return value + "x"
    return value + (pd.Timedelta(days=1) if isinstance(value, pd.Timestamp) else 1)


def a_row(contract: dg.TableSchema) -> dict[str, Any]:
    """A value of each column's type."""
    values = {"BIGINT": 7, "INTEGER": 7, "DECIMAL(18,4)": 7.5, "VARCHAR": "x"}
    return {column.name: values.get(column.type, pd.Timestamp("2025-01-15")) for column in contract.columns}


def make_silver(order: dict[str, Any], customer: dict[str, Any]) -> pd.DataFrame:
    """The asset's row, in a run of several days."""
    orders = pd.DataFrame([order])
    days = day_of_row(window_between("2025-01-15", "2025-01-16"), orders, "order_date")
    return enrich(orders, pd.DataFrame([customer]))[0].assign(business_day=days)


def test_the_columns_of_silver_are_made_of_those_of_raw_that_are_declared() -> None:
    order, customer = a_row(RAW_ORDERS_SCHEMA), a_row(RAW_CUSTOMERS_SCHEMA)
    before = make_silver(order, customer)
    for name in order:
        changed = {**order, name: change(order[name])}
        # The two ends of the join change together, so that the rows still match.
        other = {**customer, "id": change(7)} if name == "customer_id" else customer
        after = make_silver(changed, other)
        expected = made_of(SILVER_ENRICHED_ORDERS_SOURCES, (f"raw_orders.{name}",))
        assert differing(before, after) == expected, name
    for name in set(customer) - {"id"}:
        after = make_silver(order, {**customer, name: change(customer[name])})
        expected = made_of(SILVER_ENRICHED_ORDERS_SOURCES, (f"raw_customers.{name}",))
        assert differing(before, after) == expected, name


def test_every_column_of_a_contract_has_its_lineage() -> None:
    for contract, sources in (
        (RAW_ORDERS_SCHEMA, RAW_ORDERS_SOURCES),
        (RAW_CUSTOMERS_SCHEMA, RAW_CUSTOMERS_SOURCES),
        (SILVER_ENRICHED_ORDERS_SCHEMA, SILVER_ENRICHED_ORDERS_SOURCES),
        (CUSTOMER_FEATURES_SCHEMA, CUSTOMER_FEATURES_SOURCES),
        (CHURN_SCORES_SCHEMA, CHURN_SCORES_SOURCES),
    ):
        assert [column.name for column in contract.columns] == list(sources)
