"""The columns of the ERP that the queries need, and what has changed about them.

The queries themselves are in `sql/`; a column that they need more belongs here too.
"""

from collections.abc import Collection, Mapping

import pandas as pd

from sales_assets.errors import RefusedError
from sales_assets.sources.erp import queries
from sales_assets.sources.erp.postgres import PostgresResource

_NUMBER = ("smallint", "integer", "bigint", "numeric")
_INSTANT = ("timestamp with time zone", "timestamp without time zone")
_ANY = ()
"""What the queries read as text may have any type."""

ERP_COLUMNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "customers": {
        "id": _NUMBER,
        "email": _ANY,
        "first_name": _ANY,
        "last_name": _ANY,
        "city": _ANY,
        "segment": _ANY,
        "updated_at": _INSTANT,
    },
    "orders": {
        "id": _NUMBER,
        "customer_id": _NUMBER,
        "created_at": _INSTANT,
        "updated_at": _INSTANT,
        "status": _ANY,
    },
    "order_items": {
        "id": _NUMBER,
        "order_id": _NUMBER,
        "qty": _NUMBER,
        "unit_price": _NUMBER,
        "discount": _NUMBER,
    },
}
"""By table and column, the types with which the queries give exact results."""

_REMEDY = (
    "Let the role read a view that has the columns as before, or change the queries in sources/erp/sql and "
    "the columns in sources/erp/columns.py."
)


def read_columns(erp: PostgresResource) -> pd.DataFrame:
    """Read which columns the ERP has: `table_name`, `column_name` and `data_type`."""
    return erp.execute_query(queries.COLUMNS_SQL, [list(ERP_COLUMNS)])


def refuse_changed_columns(erp: PostgresResource) -> None:
    """Refuse to read an ERP that lacks a column, or has it in another type; a test's stand-in has no columns.

    Raises:
        RefusedError: Names the columns.
    """
    if not isinstance(erp, PostgresResource):
        return
    if changes := find_changed_columns(read_columns(erp)):
        message = f"The ERP has changed: {'; '.join(changes)}. No stored data was changed. {_REMEDY}"
        raise RefusedError(message)


def find_changed_columns(found: pd.DataFrame) -> list[str]:
    """Find the columns that are gone or have a type that the queries cannot read.

    Args:
        found: See `read_columns`.
    """
    types = {(table, column): type_ for table, column, type_ in found.itertuples(index=False, name=None)}
    tables = {table for table, _ in types}
    changes = [f"{table} is gone" for table in ERP_COLUMNS if table not in tables]
    for table, columns in ERP_COLUMNS.items():
        for column, allowed in columns.items() if table in tables else ():
            type_ = types.get((table, column))
            if type_ is None:
                changes.append(f"{table}.{column} is gone")
            elif allowed and type_ not in allowed:
                changes.append(f"{table}.{column} is {type_}, not {' or '.join(allowed)}")
    return changes


def find_new_columns(found: pd.DataFrame, known: Collection[str]) -> list[str]:
    """Find the columns that were not there before.

    Args:
        found: See `read_columns`.
        known: The columns of before, as `name_columns` names them.
    """
    return [name for name in name_columns(found) if name not in known]


def name_columns(found: pd.DataFrame) -> list[str]:
    """The columns as `table.column`."""
    return [
        f"{table}.{column}" for table, column in zip(found["table_name"], found["column_name"], strict=True)
    ]
