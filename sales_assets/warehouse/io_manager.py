"""The part of our IO managers that is the same on every engine: cast, check, replace, describe.

The engine does the rest (see `engine.py`): read a table's columns, replace a slice, read or count one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import dagster as dg
import pandas as pd
import pyarrow as pa

from sales_assets.catalog.contracts import declared_contract
from sales_assets.catalog.names import READ_AT, SKIPPED_PARTITIONS, SLICE_COLUMN
from sales_assets.errors import RefusedError
from sales_assets.private_apis.loading import keep_what_is_loaded
from sales_assets.private_apis.outputs import materialize_only, read_run_id
from sales_assets.warehouse.column_types import to_arrow, to_arrow_type, to_frame
from sales_assets.warehouse.engine import Engine
from sales_assets.warehouse.group_writes import store_groups
from sales_assets.warehouse.inference import infer_contract, widen_contract
from sales_assets.warehouse.memory import keep_one_heap, release_memory
from sales_assets.warehouse.newer_days import report_newer_days
from sales_assets.warehouse.partition_groups import (
    GroupedPartitions,
    StoredPartitions,
    StoredRows,
    is_read_in_groups,
)
from sales_assets.warehouse.rejected_rows import resolve_rejected
from sales_assets.warehouse.slices import Slice, narrow_to_values, resolve_slice
from sales_assets.warehouse.table_metadata import WriteStats, attach_metadata
from sales_assets.warehouse.tables import Table, resolve_table
from sales_assets.warehouse.uniqueness import find_unique


class WarehouseIOManager(dg.IOManager):
    """Stores an asset's partitions completely or not at all.

    The asset's metadata says where its table is, which column holds its partitions, and which columns an
    input wants, with the keys of Dagster's own database IO managers; see `tables.py`. `dagster/column_schema`
    is the contract.

    Attributes:
        engine: The engine that stores the tables.
        schema: The schema of assets that name none.
    """

    def __init__(self, engine: Engine, schema: str | None):
        keep_one_heap()
        keep_what_is_loaded()
        self.engine = engine
        self.schema = schema

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Replace the run's partitions of the asset by a frame, or by an iterator of frames.

        An iterator's frames together may be larger than memory; the asset must declare its columns. Groups of
        partitions are stored one by one; see `partition_groups.py`.
        """
        if isinstance(obj, GroupedPartitions):
            store_groups(context, obj, lambda group: self._store(context, group.frame, group.metadata))
        else:
            self._store(context, obj, context.output_metadata)
            release_memory()

    def _store(self, context: dg.OutputContext, obj: object, reported: Mapping[str, Any]) -> None:
        if not isinstance(obj, pd.DataFrame | Iterator):
            message = (
                f"{_format_label(context)} returned {type(obj).__name__}. No stored data was changed. "
                "Return a pandas DataFrame, or an iterator of them."
            )
            raise RefusedError(message)
        table = resolve_table(context, context, self.schema)
        _drop_skipped_partitions(context, reported)
        contract = self._resolve_contract(context, table, obj)
        slice_ = resolve_slice(context, table, contract)
        column = (context.definition_metadata or {}).get(SLICE_COLUMN)
        if column and isinstance(obj, pd.DataFrame):
            slice_ = narrow_to_values(slice_, column, obj)
        stats = WriteStats(context, slice_)
        chunks = stats.count_chunks(_cast_chunks(obj, contract, slice_.name))
        read_at = _find_reading(reported)
        beside = resolve_rejected(context, slice_, obj)
        caller = _format_caller(context)
        unique = find_unique(context, contract, obj)
        written = self.engine.replace(slice_, contract, chunks, caller, read_at, beside=beside, unique=unique)
        attach_metadata(context, self.engine, slice_, contract, stats, table_rows=written.table_rows)
        report_newer_days(context, slice_, written.newer, read_at)

    def load_input(self, context: dg.InputContext) -> StoredRows:
        """Read the partitions of an upstream asset that the run's partitions map to.

        If there are several and the input's metadata asks for it, they are read by the asset, some at a time.
        One that is larger than memory is then not a frame either.
        """
        upstream = context.upstream_output
        table = resolve_table(context, upstream, self.schema)
        contract = declared_contract((upstream.definition_metadata if upstream else None) or {})
        if context.has_asset_partitions and not context.asset_partition_keys:
            return _build_empty_frame(contract, table.columns)
        known = contract or self.engine.read_stored_contract(Slice(table.schema, table.name))
        slice_ = resolve_slice(context, table, known or dg.TableSchema(columns=[]))
        columns, caller = table.columns or (), _format_caller(context)
        if is_read_in_groups(context):
            stored = StoredPartitions(
                engine=self.engine,
                slice_=slice_,
                columns=columns,
                contract=contract,
                partitions=context.asset_partitions_def,
                caller=caller,
            )
            keys = context.asset_partition_keys
            return stored if len(keys) > 1 else stored.read(keys)
        return to_frame(self.engine.read(slice_, columns, caller), contract)

    def _resolve_contract(
        self, context: dg.OutputContext, table: Table, obj: pd.DataFrame | Iterator[pd.DataFrame]
    ) -> dg.TableSchema:
        declared = declared_contract(context.definition_metadata or {})
        if isinstance(obj, pd.DataFrame):
            return widen_contract(declared, obj) if declared else self._find_contract(context, table, obj)
        if declared is None:
            message = (
                f"{_format_label(context)} returned an iterator of frames, but declares no columns. "
                "No stored data was changed. Give the asset metadata dagster/column_schema."
            )
            raise RefusedError(message)
        return declared

    def _find_contract(self, context: dg.OutputContext, table: Table, frame: pd.DataFrame) -> dg.TableSchema:
        """Return the contract of an asset that declares none: its table's columns, or the first frame's."""
        stored = self.engine.read_stored_contract(Slice(table.schema, table.name))
        if stored is not None:
            return stored
        contract = infer_contract(frame)
        columns = ", ".join(f"{column.name} {column.type}" for column in contract.columns)
        context.log.info(
            f"{_format_label(context)} declares no columns; inferred from its first frame: {columns}. "
            "To choose them, give the asset metadata dagster/column_schema."
        )
        return contract


def _build_empty_frame(contract: dg.TableSchema | None, wanted: Sequence[str] | None) -> pd.DataFrame:
    """Build the frame for no partitions at all, with the columns and types of any other."""
    columns = contract.columns if contract else []
    rows = pa.table({column.name: pa.array([], to_arrow_type(column)) for column in columns})
    return to_frame(rows.select(wanted) if wanted and columns else rows, contract)


def _cast_chunks(
    obj: pd.DataFrame | Iterator[pd.DataFrame], contract: dg.TableSchema, table: str
) -> Iterable[pa.Table]:
    """Cast frames to Arrow; a single frame is cast at once, before the warehouse is opened."""
    if isinstance(obj, pd.DataFrame):
        return [to_arrow(obj, contract, table)]
    return (to_arrow(_require_frame(item, table), contract, table) for item in obj)


def _require_frame(item: object, table: str) -> pd.DataFrame:
    if not isinstance(item, pd.DataFrame):
        message = (
            f"The iterator for {table} returned {type(item).__name__}. No stored data was changed. "
            "Return pandas DataFrames only."
        )
        raise RefusedError(message)
    return item


def _drop_skipped_partitions(context: dg.OutputContext, reported: Mapping[str, Any]) -> None:
    """Narrow the output to the partitions that the asset did not skip."""
    skipped = reported.get(SKIPPED_PARTITIONS)
    if skipped is not None:
        skipped_keys = set(cast("Sequence[str]", getattr(skipped, "value", skipped)))
        materialize_only(context, [key for key in context.asset_partition_keys if key not in skipped_keys])


def _find_reading(reported: Mapping[str, Any]) -> datetime | None:
    """Find when the rows were read, if the asset reports it."""
    read_at = reported.get(READ_AT)
    return (
        datetime.fromtimestamp(read_at.value, UTC) if isinstance(read_at, dg.TimestampMetadataValue) else None
    )


def _format_label(context: dg.OutputContext) -> str:
    return context.asset_key.to_user_string() if context.has_asset_key else context.name


def _format_caller(context: dg.OutputContext | dg.InputContext) -> str:
    owner = context if isinstance(context, dg.OutputContext) else context.upstream_output or context
    label = _format_label(owner) if isinstance(owner, dg.OutputContext) else owner.name
    return f"run {read_run_id(context)}, {label}"
