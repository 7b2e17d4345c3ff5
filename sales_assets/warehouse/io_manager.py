"""What an IO manager of ours does on any engine: cast, check the window, replace, describe.

An engine is asked for three things (see `engine.py`); how it does them is its own module's business.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import dagster as dg
import pandas as pd
import pyarrow as pa

from sales_assets.catalog.contracts import declared_contract
from sales_assets.catalog.names import SKIPPED_PARTITIONS
from sales_assets.errors import RefusedError
from sales_assets.private_apis.outputs import materialize_only, run_id_of
from sales_assets.warehouse.column_types import arrow_type, to_arrow, to_frame
from sales_assets.warehouse.engine import Engine
from sales_assets.warehouse.inference import contract_of_frame, widened
from sales_assets.warehouse.slices import Slice, slice_of
from sales_assets.warehouse.table_metadata import Tally, describe
from sales_assets.warehouse.tables import Table, table_of


class WarehouseIOManager(dg.IOManager):
    """Stores an asset's partitions whole or not at all.

    Where a table is, what its partition column is and which columns an input wants is told by the metadata
    that Dagster's own database IO managers take; see `tables.py`. `dagster/column_schema` is the contract.

    Attributes:
        engine: Where the tables are.
        schema: The schema of assets that name none.
    """

    def __init__(self, engine: Engine, schema: str | None):
        self.engine = engine
        self.schema = schema

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
        table = table_of(context, context, self.schema)
        _drop_skipped(context)
        contract = self._contract(context, table, obj)
        slice_ = slice_of(context, table, contract)
        tally = Tally(context, slice_)
        chunks = tally.counted(_cast_chunks(obj, contract, slice_.name))
        self.engine.replace(slice_, contract, chunks, _holder(context))
        describe(context, self.engine, table, contract, tally)

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """Read the partitions of an upstream asset that the run's own map to."""
        upstream = context.upstream_output
        table = table_of(context, upstream, self.schema)
        contract = None if upstream is None else _declared_contract(upstream)
        if context.has_asset_partitions and not context.asset_partition_keys:
            return _empty(contract, table.columns)
        known = contract or self.engine.stored_contract(Slice(table.schema, table.name))
        slice_ = slice_of(context, table, known or dg.TableSchema(columns=[]))
        return to_frame(self.engine.read(slice_, table.columns or (), _holder(context)), contract)

    def _contract(
        self, context: dg.OutputContext, table: Table, obj: pd.DataFrame | Iterator[pd.DataFrame]
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
        self, context: dg.OutputContext, table: Table, frame: pd.DataFrame
    ) -> dg.TableSchema:
        stored = self.engine.stored_contract(Slice(table.schema, table.name))
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


def _drop_skipped(context: dg.OutputContext) -> None:
    """Narrow the output to the partitions that the asset did not skip."""
    skipped = context.output_metadata.get(SKIPPED_PARTITIONS)
    if skipped is not None:
        left_out = set(cast("Sequence[str]", getattr(skipped, "value", skipped)))
        materialize_only(context, [key for key in context.asset_partition_keys if key not in left_out])


def _declared_contract(context: dg.OutputContext) -> dg.TableSchema | None:
    return declared_contract(context.definition_metadata or {})


def _label(context: dg.OutputContext) -> str:
    return context.asset_key.to_user_string() if context.has_asset_key else context.name


def _holder(context: dg.OutputContext | dg.InputContext) -> str:
    owner = context if isinstance(context, dg.OutputContext) else context.upstream_output or context
    label = _label(owner) if isinstance(owner, dg.OutputContext) else owner.name
    return f"run {run_id_of(context)}, {label}"
