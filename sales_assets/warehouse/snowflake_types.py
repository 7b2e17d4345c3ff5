"""How Snowflake calls a contract's types, and how it folds names; nothing that is executed."""

from sales_assets.warehouse.statements import Dialect

DIALECT = Dialect(
    fold=str.upper,
    types={
        "BIGINT": "NUMBER(38,0)",
        "INTEGER": "NUMBER(38,0)",
        "DOUBLE": "FLOAT",
        "TIMESTAMP": "TIMESTAMP_NTZ",
    },
)
_CONTRACT_TYPES = {
    "NUMBER(38,0)": "BIGINT",
    "FLOAT": "DOUBLE",
    "TIMESTAMP_NTZ": "TIMESTAMP",
}


def stored_type(type_: str, precision: int | None, scale: int | None) -> str:
    """A type as the dialect writes it; Snowflake calls every exact number NUMBER and every text TEXT."""
    if type_ == "NUMBER":
        return f"NUMBER({precision},{scale})" if not scale else f"DECIMAL({precision},{scale})"
    return "VARCHAR" if type_ == "TEXT" else type_


def contract_type(stored: str) -> str:
    """A stored type as a contract writes it."""
    return _CONTRACT_TYPES.get(stored, stored)
