"""The typed columns of every table that Python writes: the one source for DDL, casts and metadata.

A contract is Dagster's own `TableSchema`, carried by the asset as `dagster/column_schema`: the
catalog shows it and the warehouse's IO manager enforces it. dbt's tables have theirs in YAML.
Types are those of `warehouse/columns.py`.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from sales_assets.catalog.names import PERSONAL_DATA_TAG

MONEY_TYPE = "DECIMAL(18,4)"

ADD_COLUMNS = dg.TableConstraints(other=["add_columns"])
"""The constraints of a contract that lets its table grow by columns which it does not know."""


def required(name: str, type_: str, description: str) -> dg.TableColumn:
    """A column without nulls."""
    constraints = dg.TableColumnConstraints(nullable=False)
    return dg.TableColumn(name, type_, description, constraints)


def optional(name: str, type_: str, description: str) -> dg.TableColumn:
    """A column that may hold nulls."""
    return dg.TableColumn(name, type_, description)


def personal(name: str, description: str) -> dg.TableColumn:
    """A text that tells who somebody is: stored, but shown to nobody."""
    return dg.TableColumn(name, "VARCHAR", description, tags={PERSONAL_DATA_TAG: ""})


RAW_ORDERS_SCHEMA = dg.TableSchema(
    columns=[
        required("order_id", "BIGINT", "The order's id in the ERP; one row per order."),
        optional("customer_id", "BIGINT", "Who ordered; null or gone from the ERP for some orders."),
        required("order_date", "TIMESTAMP", "When the order was placed, UTC."),
        required("status", "VARCHAR", "The order's status when its day was loaded."),
        required("gross_amount", MONEY_TYPE, "Sum of quantity times unit price, rounded once per order."),
        required("total_amount", MONEY_TYPE, "The same less the discounts, rounded once per order."),
        required("line_count", "INTEGER", "How many items the order has; 0 is kept, with amounts of 0."),
        required("updated_at", "TIMESTAMP", "When the order or its items last changed, UTC."),
    ]
)

RAW_CUSTOMERS_SCHEMA = dg.TableSchema(
    columns=[
        required("id", "BIGINT", "The customer's id in the ERP; one row per customer and day."),
        personal("email", "E-mail address."),
        personal("first_name", "First name."),
        personal("last_name", "Last name."),
        optional("city", "VARCHAR", "City."),
        optional("segment", "VARCHAR", "Market segment."),
        required("updated_at", "TIMESTAMP", "When the customer last changed, UTC."),
        required("snapshot_date", "DATE", "The business day that the customer was loaded for."),
    ]
)

SILVER_ENRICHED_ORDERS_SCHEMA = dg.TableSchema(
    columns=[
        *RAW_ORDERS_SCHEMA.columns,
        optional("city", "VARCHAR", "The customer's city when the day was loaded; null if unmatched."),
        optional("segment", "VARCHAR", "The customer's segment when the day was loaded; null if unmatched."),
    ]
)


RAW_MARKETPLACE_ORDERS_SCHEMA = dg.TableSchema(
    columns=[
        required("order_id", "VARCHAR", "The order's id at its marketplace; one row per line of an order."),
        required("marketplace", "VARCHAR", "Who sold, as its file says."),
        required("order_date", "TIMESTAMP", "When the order was placed, UTC."),
        personal("customer_email", "Who ordered; null where the marketplace does not tell."),
        required("sku", "VARCHAR", "What was ordered."),
        required("qty", "INTEGER", "How many."),
        required("unit_price", MONEY_TYPE, "The price of one, in the line's currency."),
        required("currency", "VARCHAR", "The currency's three letters, as the file says."),
        required("source_file", "VARCHAR", "The file, by its partition key."),
    ]
)


PARTITION_COLUMN = "partition_expr"
COLUMN_SCHEMA = "dagster/column_schema"
"""Keys of an asset's metadata, which Dagster chose."""


def storage_metadata(schema: str, contract: dg.TableSchema, partition_column: str) -> Mapping[str, Any]:
    """The asset metadata that tells the IO manager where and how an asset's rows are stored.

    Args:
        schema: The schema of the warehouse; the table has the asset's name.
        contract: The table's columns.
        partition_column: The column that tells which partition a row belongs to.
    """
    return {"schema": schema, PARTITION_COLUMN: partition_column, COLUMN_SCHEMA: contract}


def declared_contract(metadata: Mapping[str, Any]) -> dg.TableSchema | None:
    """The contract that an asset declares in its metadata, if it does."""
    declared = metadata.get(COLUMN_SCHEMA)
    return getattr(declared, "schema", declared)
