"""Makes an Iceberg table by a mart's contract, and lets it follow when the contract changes.

Columns are added, and types widened where Iceberg admits it; everything else is refused in a sentence.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg
import pyarrow as pa

from sales_assets.catalog.names import PERSONAL_DATA_TAG
from sales_assets.errors import RefusedError
from sales_assets.warehouse.column_types import to_arrow_type
from sales_assets.warehouse.lake.lake_tables import LakeTable

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.partitioning import PartitionSpec
    from pyiceberg.schema import Schema
    from pyiceberg.table import Table
    from pyiceberg.types import IcebergType

_PROPERTIES = {
    "format-version": "2",
    "write.parquet.compression-codec": "zstd",
    # Each commit writes a whole metadata file, and a year of days is a thousand commits.
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "50",
    "commit.retry.num-retries": "10",
}


def build_arrow_schema(table: LakeTable, contract: dg.TableSchema) -> pa.Schema:
    """Build the Arrow schema of a mart's rows; its key and its day must not be null."""
    return pa.schema(
        [
            pa.field(column.name, _to_arrow(column), nullable=column.name not in table.required)
            for column in contract.columns
        ]
    )


def open_lake_table(catalog: "Catalog", table: LakeTable, contract: dg.TableSchema) -> "Table":
    """Open a table, in the contract's columns; makes it, with an empty first snapshot, if it is not there.

    Args:
        catalog: See `LakeResource`.
        table: The mart.
        contract: Its columns.

    Raises:
        RefusedError: The contract changed in a way that Iceberg does not admit.
        CommitFailedException: Another writer was quicker.
    """
    if catalog.table_exists(table.identifier):
        opened = catalog.load_table(table.identifier)
        _follow_contract(opened, table, contract)
    else:
        opened = catalog.create_table_if_not_exists(
            table.identifier,
            schema=_build_iceberg_schema(table, contract),
            partition_spec=_build_partitions(table, contract),
            properties=_PROPERTIES,
        )
    if opened.current_snapshot() is None:  # a branch is cut from a snapshot
        opened.append(build_arrow_schema(table, contract).empty_table())
    return opened


def _build_iceberg_schema(table: LakeTable, contract: dg.TableSchema) -> "Schema":
    from pyiceberg.schema import Schema  # noqa: PLC0415 - an extra
    from pyiceberg.types import NestedField  # noqa: PLC0415

    names = [column.name for column in contract.columns]
    fields = [
        NestedField(
            number, column.name, _to_iceberg(column), required=column.name in table.required, doc=_doc(column)
        )
        for number, column in enumerate(contract.columns, 1)
    ]
    return Schema(*fields, identifier_field_ids=[1 + names.index(name) for name in table.key])


def _build_partitions(table: LakeTable, contract: dg.TableSchema) -> "PartitionSpec":
    from pyiceberg.partitioning import (  # noqa: PLC0415 - an extra
        PARTITION_FIELD_ID_START,
        PartitionField,
        PartitionSpec,
    )
    from pyiceberg.transforms import IdentityTransform  # noqa: PLC0415

    if table.is_whole:
        return PartitionSpec()
    source = 1 + [column.name for column in contract.columns].index(table.day)
    identity: IdentityTransform[Any] = IdentityTransform()
    return PartitionSpec(PartitionField(source, PARTITION_FIELD_ID_START, identity, table.day))


def _follow_contract(opened: "Table", table: LakeTable, contract: dg.TableSchema) -> None:
    """Add the columns that are new, and widen those whose type is."""
    stored = {field.name: field for field in opened.schema().fields}
    declared = {column.name: column for column in contract.columns}
    if dropped := [name for name in stored if name not in declared]:
        raise _refuse(table, f"gold has no column {', '.join(dropped)} any more")
    added = [column for name, column in declared.items() if name not in stored]
    changed = [
        column
        for name, column in declared.items()
        if name in stored and stored[name].field_type != _to_iceberg(column)
    ]
    if added or changed:
        _update_schema(opened, table, added, changed)


def _update_schema(
    opened: "Table",
    table: LakeTable,
    added: Sequence[dg.TableColumn],
    changed: Sequence[dg.TableColumn],
) -> None:
    if keys := [column.name for column in added if column.name in table.required]:
        raise _refuse(table, f"the key column {', '.join(keys)} is new, and stored rows have no value for it")
    with opened.update_schema() as update:
        for column in added:
            update.add_column(column.name, _to_iceberg(column), doc=_doc(column))
        for column in changed:
            before = opened.schema().find_field(column.name).field_type
            if not _is_wider(before, _to_iceberg(column)):
                reason = f"{column.name} became {column.type}, and Iceberg cannot widen {before} to it"
                raise _refuse(table, reason)
            update.update_column(column.name, field_type=_to_iceberg(column))


def _is_wider(before: "IcebergType", after: "IcebergType") -> bool:
    """Whether Iceberg admits the change; pyiceberg would also let a decimal lose digits after its point."""
    from pyiceberg import types  # noqa: PLC0415 - an extra

    if isinstance(before, types.DecimalType) and isinstance(after, types.DecimalType):
        return before.scale == after.scale and before.precision < after.precision
    return (before, after) in (
        (types.IntegerType(), types.LongType()),
        (types.FloatType(), types.DoubleType()),
    )


def _refuse(table: LakeTable, reason: str) -> RefusedError:
    return RefusedError(
        f"{table.identifier} cannot follow gold's contract: {reason}. No stored data was changed. Take the "
        f"change of gold.{table.name} back; or rename {table.identifier} in the catalog, and publish all "
        "days into a new table."
    )


def _to_arrow(column: dg.TableColumn) -> pa.DataType:
    """Return the Arrow type; dbt writes types in small letters."""
    return to_arrow_type(dg.TableColumn(column.name, column.type.upper()))


def _to_iceberg(column: dg.TableColumn) -> "IcebergType":
    from pyiceberg import types  # noqa: PLC0415 - an extra

    arrow = _to_arrow(column)
    if pa.types.is_decimal(arrow):
        return types.DecimalType(arrow.precision, arrow.scale)
    known: dict[pa.DataType, IcebergType] = {
        pa.int64(): types.LongType(),
        pa.int32(): types.IntegerType(),
        pa.float64(): types.DoubleType(),
        pa.string(): types.StringType(),
        pa.bool_(): types.BooleanType(),
        pa.date32(): types.DateType(),
        pa.timestamp("us"): types.TimestampType(),
    }
    return known[arrow]


def _doc(column: dg.TableColumn) -> str:
    note = " Personal data." if PERSONAL_DATA_TAG in column.tags else ""
    return " ".join((column.description or "").split()) + note
