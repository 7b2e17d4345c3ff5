"""The contracts: the typed columns of every table that Python writes.

They are the one source for DDL, casts and metadata. A contract is Dagster's own `TableSchema` in the asset's
metadata: the UI shows it and the IO manager enforces it. dbt's tables have theirs in YAML. Types are those of
`warehouse/column_types.py`.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from sales_assets.catalog.names import PERSONAL_DATA_TAG

MONEY_TYPE = "DECIMAL(18,4)"

ADD_COLUMNS = dg.TableConstraints(other=["add_columns"])
"""The constraints of a contract whose table takes new columns that the contract does not list."""


def required(name: str, type_: str, description: str) -> dg.TableColumn:
    """A column that must not be null."""
    constraints = dg.TableColumnConstraints(nullable=False)
    return dg.TableColumn(name, type_, description, constraints)


def unique(name: str, type_: str, description: str) -> dg.TableColumn:
    """A column that must not be null, nor have a value twice within a partition."""
    constraints = dg.TableColumnConstraints(nullable=False, unique=True)
    return dg.TableColumn(name, type_, description, constraints)


def optional(name: str, type_: str, description: str) -> dg.TableColumn:
    """A column that may be null."""
    return dg.TableColumn(name, type_, description)


def personal(name: str, description: str) -> dg.TableColumn:
    """A text that identifies a person: stored, but redacted wherever it is shown."""
    return dg.TableColumn(name, "VARCHAR", description, tags={PERSONAL_DATA_TAG: ""})


RAW_ORDERS_SCHEMA = dg.TableSchema(
    columns=[
        unique("order_id", "BIGINT", "The order's id in the ERP; one row per order."),
        optional("customer_id", "BIGINT", "The customer's id; may be null or deleted in the ERP."),
        required("order_date", "TIMESTAMP", "When the order was placed, UTC."),
        required("status", "VARCHAR", "The order's status when its day was loaded."),
        required("gross_amount", MONEY_TYPE, "Sum of quantity times unit price, rounded once per order."),
        required("total_amount", MONEY_TYPE, "Gross amount less discounts, rounded once per order."),
        required("line_count", "INTEGER", "Number of items; without items the amounts are 0."),
        required("updated_at", "TIMESTAMP", "When the order or its items last changed, UTC."),
    ]
)

REJECTED_ORDERS_SCHEMA = dg.TableSchema(
    columns=[
        required("order_date", "TIMESTAMP", "When the order was placed, UTC; its day was stored without it."),
        optional("order_id", "BIGINT", "The order's id in the ERP; one row per order and day."),
        required("rule", "VARCHAR", "The first rule that the order fails, as negative_amount."),
        optional("total_amount", MONEY_TYPE, "The amount that gold lacks; null if it cannot be stored."),
        required("detail", "VARCHAR", "The order's values as JSON, with personal data redacted."),
        required("run_id", "VARCHAR", "The run that rejected the order."),
    ]
)

RAW_CUSTOMERS_SCHEMA = dg.TableSchema(
    columns=[
        unique("id", "BIGINT", "The customer's id in the ERP; one row per customer and day."),
        personal("email", "E-mail address."),
        personal("first_name", "First name."),
        personal("last_name", "Last name."),
        optional("city", "VARCHAR", "City."),
        optional("segment", "VARCHAR", "Market segment."),
        required("updated_at", "TIMESTAMP", "When the customer last changed, UTC."),
        required("snapshot_date", "DATE", "The business day for which the customer was loaded."),
    ]
)

SILVER_ENRICHED_ORDERS_SCHEMA = dg.TableSchema(
    columns=[
        *RAW_ORDERS_SCHEMA.columns,
        optional("city", "VARCHAR", "The customer's city when the day was loaded; null if unmatched."),
        optional("segment", "VARCHAR", "The customer's segment when the day was loaded; null if unmatched."),
        required("business_day", "DATE", "The business day on which the order was placed: its partition."),
    ]
)


RAW_MARKETPLACE_ORDERS_SCHEMA = dg.TableSchema(
    columns=[
        required("order_id", "VARCHAR", "The order's id at its marketplace; one row per line of an order."),
        required("marketplace", "VARCHAR", "The marketplace that sold, as named in the file."),
        required("order_date", "TIMESTAMP", "When the order was placed, UTC."),
        personal("customer_email", "The customer's e-mail address; may be null."),
        required("sku", "VARCHAR", "The product."),
        required("qty", "INTEGER", "Quantity."),
        required("unit_price", MONEY_TYPE, "The price of one piece, in the line's currency."),
        required("currency", "VARCHAR", "The currency's three letters, as in the file."),
        required("source_file", "VARCHAR", "The partition key of the file."),
    ]
)

CUSTOMER_FEATURES_SCHEMA = dg.TableSchema(
    columns=[
        required("week", "DATE", "The Monday of the week at whose end the features were known."),
        required("customer_id", "BIGINT", "The customer's id; one row per customer and week."),
        required("recency_days", "INTEGER", "Days from the last order to the week's Sunday."),
        required("tenure_days", "INTEGER", "Days from the first stored order to the week's Sunday."),
        required("orders_4w", "INTEGER", "Frequency: orders in the 4 weeks up to the week's end."),
        required("orders_12w", "INTEGER", "Orders in the 12 weeks up to the week's end."),
        required("orders_52w", "INTEGER", "Orders in the 52 weeks up to the week's end, at least one."),
        required("revenue_4w", MONEY_TYPE, "Monetary value: what the orders of the 4 weeks amount to."),
        required("revenue_12w", MONEY_TYPE, "What the orders of the 12 weeks amount to."),
        required("revenue_52w", MONEY_TYPE, "What the orders of the 52 weeks amount to."),
        required("average_basket", "DOUBLE", "Revenue per order in the 52 weeks."),
        required("discount_share", "DOUBLE", "The share of the gross amount given as discount, 52 weeks."),
        optional("days_between_orders", "DOUBLE", "Mean days between two orders; null with only one."),
    ]
)

CHURN_SCORES_SCHEMA = dg.TableSchema(
    columns=[
        required("week", "DATE", "The Monday of the week from whose features the score was made."),
        required("customer_id", "BIGINT", "The customer's id; one row per customer and week."),
        required("churn_probability", "DOUBLE", "How probable no order in the 90 days after the week is."),
        required("model", "VARCHAR", "The version of the model that made the score."),
    ]
)

SALES_FORECAST_SCHEMA = dg.TableSchema(
    columns=[
        required("forecast_date", "DATE", "The day of the forecast: the first that its model did not know."),
        required("day", "DATE", "The business day that is forecast; one row per forecast, day and segment."),
        required("segment", "VARCHAR", "The customer's market segment, `unknown` without one; or `total`."),
        required("forecast", MONEY_TYPE, "Revenue that is expected; segments add up to `total`."),
        required("lower_80", MONEY_TYPE, "Four days in five have this revenue or more …"),
        required("upper_80", MONEY_TYPE, "… and this or less."),
        required("lower_95", MONEY_TYPE, "Nineteen days in twenty have this revenue or more …"),
        required("upper_95", MONEY_TYPE, "… and this or less."),
        required("model", "VARCHAR", "The candidate that forecast, and the version of `forecast_model`."),
    ]
)


PARTITION_COLUMN = "partition_expr"
COLUMN_SCHEMA = "dagster/column_schema"
"""The keys of asset metadata under which Dagster expects the two."""


def storage_metadata(schema: str, contract: dg.TableSchema, partition_column: str) -> Mapping[str, Any]:
    """The asset metadata by which the IO manager stores an asset's rows.

    Args:
        schema: The schema in the warehouse; the table has the asset's name.
        contract: The table's columns.
        partition_column: The column that decides to which partition a row belongs.
    """
    return {"schema": schema, PARTITION_COLUMN: partition_column, COLUMN_SCHEMA: contract}


def declared_contract(metadata: Mapping[str, Any]) -> dg.TableSchema | None:
    """The contract that an asset declares in its metadata, if it does."""
    declared = metadata.get(COLUMN_SCHEMA)
    return getattr(declared, "schema", declared)
