"""Maps the contract's types to Snowflake's and back; nothing here is executed."""

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


def to_dialect_type(type_: str, precision: int | None, scale: int | None) -> str:
    """Spell a reported type as the dialect does; Snowflake reports exact numbers as NUMBER, text as TEXT."""
    if type_ == "NUMBER":
        return f"NUMBER({precision},{scale})" if not scale else f"DECIMAL({precision},{scale})"
    return "VARCHAR" if type_ == "TEXT" else type_


def to_contract_type(stored: str) -> str:
    """Spell a stored type as a contract does."""
    return _CONTRACT_TYPES.get(stored, stored)
