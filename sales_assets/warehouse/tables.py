"""Resolves where an asset's rows are: schema, table and partition columns, from the asset's metadata.

The metadata keys are those of Dagster's own database IO managers: `schema`, `table`, `partition_expr`,
`columns`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from sales_assets.catalog.contracts import PARTITION_COLUMN
from sales_assets.errors import RefusedError

_DEFAULT_SCHEMA = "public"


@dataclass(frozen=True)
class Table:
    """A table, as an output writes it or an input reads it.

    Attributes:
        schema: The table's schema.
        name: The table's name.
        partition_columns: The column, or expression, of each partition dimension; empty without partitions.
        columns: The columns that an input asks for; None for all.
    """

    schema: str
    name: str
    partition_columns: tuple[str, ...] = ()
    columns: Sequence[str] | None = None


def resolve_table(
    context: dg.OutputContext | dg.InputContext, output: dg.OutputContext | None, default_schema: str | None
) -> Table:
    """Return the table of an output, or of the input that reads it.

    Args:
        context: The output's or the input's context.
        output: The context of the output that writes the table; None for an input that no asset writes.
        default_schema: The schema of assets that name none, neither in metadata nor as prefix of their key.

    Raises:
        RefusedError: The asset has partitions, but declares no partition column.
    """
    metadata = (output.definition_metadata if output else None) or {}
    if context.has_asset_key:
        path = context.asset_key.path
    else:
        path = [str(metadata.get("table") or (output or context).name)]
    prefix = path[-2] if len(path) > 1 else _DEFAULT_SCHEMA
    return Table(
        schema=str(metadata.get("schema") or default_schema or prefix),
        name=path[-1],
        partition_columns=_read_partition_columns(context, metadata) if context.has_asset_partitions else (),
        columns=(context.definition_metadata or {}).get("columns"),
    )


def _read_partition_columns(
    context: dg.OutputContext | dg.InputContext, metadata: Mapping[str, Any]
) -> tuple[str, ...]:
    asset = context.asset_key.to_user_string()
    declared, definition = metadata.get(PARTITION_COLUMN), context.asset_partitions_def
    if isinstance(definition, dg.MultiPartitionsDefinition):
        columns = {part.name: (declared or {}).get(part.name) for part in definition.partitions_defs}
    else:
        columns = {asset: declared}
    if missing := [name for name, column in columns.items() if column is None]:
        message = (
            f"{asset} has partitions, but its metadata names no partition column for {', '.join(missing)}. "
            f'No stored data was changed. Declare it: metadata={{"{PARTITION_COLUMN}": "order_date"}}, or a '
            "column for each dimension."
        )
        raise RefusedError(message)
    return tuple(map(str, columns.values()))
