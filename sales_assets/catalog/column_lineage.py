"""Which columns the columns of Python's tables are made of; the contracts say what they are.

A column is made of those whose values are part of its own. Columns that only decide which rows there are, as
a join's keys do, are not listed, and a number of rows is made of none. dbt's models have theirs in
`dbt/column_lineage.json`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from sales_assets.catalog.contracts import RAW_ORDERS_SCHEMA
from sales_assets.catalog.names import (
    CUSTOMER_FEATURES_KEY,
    FCT_ORDERS_KEY,
    RAW_CUSTOMERS_KEY,
    RAW_ORDERS_KEY,
)

Sources = Mapping[str, Sequence[str]]
"""By column, the columns that it is made of, as `asset/key.column`."""

_ITEMS = "erp/order_items"

RAW_ORDERS_SOURCES: Sources = {
    "order_id": ["erp/orders.id"],
    "customer_id": ["erp/orders.customer_id"],
    "order_date": ["erp/orders.created_at"],
    "status": ["erp/orders.status"],
    "gross_amount": [f"{_ITEMS}.qty", f"{_ITEMS}.unit_price"],
    "total_amount": [f"{_ITEMS}.qty", f"{_ITEMS}.unit_price", f"{_ITEMS}.discount"],
    "line_count": [],
    "updated_at": ["erp/orders.updated_at"],
}

RAW_CUSTOMERS_SOURCES: Sources = {
    **{
        name: [f"erp/customers.{name}"]
        for name in ("id", "email", "first_name", "last_name", "city", "segment", "updated_at")
    },
    "snapshot_date": ["erp/customers.updated_at", "erp/orders.created_at"],
}

SILVER_ENRICHED_ORDERS_SOURCES: Sources = {
    **{
        column.name: [f"{RAW_ORDERS_KEY.to_user_string()}.{column.name}"]
        for column in RAW_ORDERS_SCHEMA.columns
    },
    **{name: [f"{RAW_CUSTOMERS_KEY.to_user_string()}.{name}"] for name in ("city", "segment")},
    "business_day": [f"{RAW_ORDERS_KEY.to_user_string()}.order_date"],
}

_ORDERS = FCT_ORDERS_KEY.to_user_string()
_DAY, _TOTAL, _GROSS = f"{_ORDERS}.order_date", f"{_ORDERS}.total_amount", f"{_ORDERS}.gross_amount"

CUSTOMER_FEATURES_SOURCES: Sources = {
    "week": [],
    "customer_id": [f"{_ORDERS}.customer_id"],
    "recency_days": [_DAY],
    "tenure_days": [_DAY],
    **{name: [] for name in ("orders_4w", "orders_12w", "orders_52w")},
    **{name: [_TOTAL] for name in ("revenue_4w", "revenue_12w", "revenue_52w", "average_basket")},
    "discount_share": [_GROSS, _TOTAL],
    "days_between_orders": [_DAY],
}

_FEATURES = [f"{CUSTOMER_FEATURES_KEY.to_user_string()}.{name}" for name in CUSTOMER_FEATURES_SOURCES]

CHURN_SCORES_SOURCES: Sources = {
    "week": _FEATURES[:1],
    "customer_id": _FEATURES[1:2],
    "churn_probability": _FEATURES[2:],
    "model": _FEATURES[2:],
}


def lineage_metadata(sources: Sources) -> Mapping[str, Any]:
    """The asset metadata that shows where the columns come from: for Dagster, and as a table for people."""
    dependencies = {
        column: [parse_column(source) for source in of_column] for column, of_column in sources.items()
    }
    rows = "\n".join(f"| {column} | {', '.join(of_column)} |" for column, of_column in sources.items())
    return {
        "dagster/column_lineage": dg.MetadataValue.column_lineage(dg.TableColumnLineage(dependencies)),
        "columns_are_made_of": dg.MetadataValue.md(f"| column | made of |\n| --- | --- |\n{rows}"),
    }


def parse_column(source: str) -> dg.TableColumnDep:
    """Parse `asset/key.column`."""
    asset, _, column = source.rpartition(".")
    return dg.TableColumnDep(asset_key=dg.AssetKey.from_user_string(asset), column_name=column)
