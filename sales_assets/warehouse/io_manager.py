"""What an IO manager of ours does on any engine: cast, check the window, replace, describe.

An engine is asked for three things (see `engine.py`); how it does them is its own module's business.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import dagster as dg
import pandas as pd
import pyarrow as pa

from sales_assets.catalog.names import LEFT_OUT
from sales_assets.errors import RefusedError
from sales_assets.private_apis.outputs import DbIOManager, TableSlice, materialize_only
from sales_assets.warehouse.column_types import arrow_type, to_arrow, to_frame
from sales_assets.warehouse.engine import Engine
from sales_assets.warehouse.inference import contract_of_frame, widened
from sales_assets.warehouse.slices import Slice, slice_of
from sales_assets.warehouse.table_metadata import Tally, describe


class WarehouseIOManager(DbIOManager):
    """Stores an asset's partitions whole or not at all; extends the database IO manager of Dagster.

    Where a table stands, what its partition column is and which columns an input wants is told by the
    same metadata as there: `schema`, `partition_expr`, `columns`. `dagster/column_schema` is the contract.
    """

    def __init__(self, engine: Engine, schema: str | None):
        super().__init__(
            type_handlers=[],
            db_client=cast("Any", None),
            database="",
            schema=schema,
            io_manager_name=type(self).__name__,
            default_load_type=pd.DataFrame,
        )
        self.engine = engine

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Replace the run's partitions of the asset by a frame, or by frames that come one by one.

        Frames that come one by one may be larger than memory together; they need declared columns.
        """
        if not isinstance(obj, pd.DataFrame | Iterator):
            message = (
                f"{_label(context)} returned {type(obj).__name__}; a table takes a pandas DataFrame, or an "
                "iterator of them."
            )
            raise RefusedError(message)
        table = self._get_table_slice(context, context)
        _leave_out(context)
        contract = self._contract(context, table, obj)
        slice_ = slice_of(context, table, contract)
        tally = Tally(context, slice_)
        chunks = tally.counted(_cast_chunks(obj, contract, slice_.name))
        self.engine.replace(slice_, contract, chunks, _holder(context))
        describe(context, self.engine, table, contract, tally)

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """Read the partitions of an upstream asset that the run's own map to."""
        upstream = context.upstream_output
        table = self._get_table_slice(context, cast("dg.OutputContext", upstream))
        contract = None if upstream is None else _declared_contract(upstream)
        if context.has_asset_partitions and not context.asset_partition_keys:
            return _empty(contract, table.columns)
        known = contract or self.engine.stored_contract(Slice(table.schema, table.table))
        slice_ = slice_of(context, table, known or dg.TableSchema(columns=[]))
        return to_frame(self.engine.read(slice_, table.columns or (), _holder(context)), contract)

    def _contract(
        self, context: dg.OutputContext, table: TableSlice, obj: pd.DataFrame | Iterator[pd.DataFrame]
    ) -> dg.TableSchema:
        declared = _declared_contract(context)
        if isinstance(obj, pd.DataFrame):
            return widened(declared, obj) if declared else self._undeclared_contract(context, table, obj)
        if declared is None:
            message = (
                f"{_label(context)} returned an iterator of frames, but declares no columns. Nothing was "
                "written. Give the asset metadata dagster/column_schema."
            )
            raise RefusedError(message)
        return declared

    def _undeclared_contract(
        self, context: dg.OutputContext, table: TableSlice, frame: pd.DataFrame
    ) -> dg.TableSchema:
        stored = self.engine.stored_contract(Slice(table.schema, table.table))
        if stored is not None:
            return stored
        contract = contract_of_frame(frame)
        columns = ", ".join(f"{column.name} {column.type}" for column in contract.columns)
        context.log.info(
            f"{_label(context)} declares no columns, so its first frame decides: {columns}. "
            "To choose them, give the asset metadata dagster/column_schema."
        )
        return contract


def _empty(contract: dg.TableSchema | None, wanted: Sequence[str] | None) -> pd.DataFrame:
    """The frame of no partitions, in the types of any other."""
    columns = contract.columns if contract else []
    rows = pa.table({column.name: pa.array([], arrow_type(column)) for column in columns})
    return to_frame(rows.select(wanted) if wanted and columns else rows, contract)


def _cast_chunks(
    obj: pd.DataFrame | Iterator[pd.DataFrame], contract: dg.TableSchema, table: str
) -> Iterable[pa.Table]:
    """A frame is one chunk, cast at once: before the warehouse is touched."""
    if isinstance(obj, pd.DataFrame):
        return [to_arrow(obj, contract, table)]
    return (to_arrow(_frame(part, table), contract, table) for part in obj)


def _frame(part: object, table: str) -> pd.DataFrame:
    if not isinstance(part, pd.DataFrame):
        message = (
            f"The iterator for {table} gave {type(part).__name__}; a table takes pandas DataFrames. "
            "Nothing was written; stored rows are kept."
        )
        raise RefusedError(message)
    return part


def _leave_out(context: dg.OutputContext) -> None:
    """Narrow the output to the partitions that the asset did not leave out of its frame."""
    left_out = context.output_metadata.get(LEFT_OUT)
    if left_out is not None:
        skipped = set(cast("Sequence[str]", getattr(left_out, "value", left_out)))
        materialize_only(context, [key for key in context.asset_partition_keys if key not in skipped])


def _declared_contract(context: dg.OutputContext) -> dg.TableSchema | None:
    declared = (context.definition_metadata or {}).get("dagster/column_schema")
    return getattr(declared, "schema", declared)


def _label(context: dg.OutputContext) -> str:
    return context.asset_key.to_user_string() if context.has_asset_key else context.name


def _holder(context: dg.OutputContext | dg.InputContext) -> str:
    owner = context if isinstance(context, dg.OutputContext) else context.upstream_output or context
    run_id = getattr(context, "run_id", None) or context.step_context.run_id
    label = _label(owner) if isinstance(owner, dg.OutputContext) else owner.name
    return f"run {run_id}, {label}"
