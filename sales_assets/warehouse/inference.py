"""Contracts taken from a frame: for a table whose asset declares none, or lets it grow by new columns."""

import dagster as dg
import pandas as pd
import pyarrow as pa

from sales_assets.errors import RefusedError
from sales_assets.warehouse.column_types import WIDEST


def contract_of_frame(frame: pd.DataFrame) -> dg.TableSchema:
    """The contract that a frame's dtypes suggest: the widest type of each kind.

    Args:
        frame: The first frame of a table. A column without a value is taken for text.

    Raises:
        RefusedError: A column holds what no type of a warehouse takes.
    """
    return dg.TableSchema(columns=[_column(str(name), values) for name, values in frame.items()])


def widened(contract: dg.TableSchema, frame: pd.DataFrame) -> dg.TableSchema:
    """A contract with the columns of a frame that it does not know, if it says `add_columns`.

    Args:
        contract: What the asset declares; see `contracts.ADD_COLUMNS`.
        frame: The rows to be stored.
    """
    if "add_columns" not in contract.constraints.other:
        return contract
    known = {column.name for column in contract.columns}
    new = [_column(str(name), frame[name]) for name in frame.columns if name not in known]
    return dg.TableSchema(columns=[*contract.columns, *new], constraints=contract.constraints)


def _column(name: str, series: pd.Series) -> dg.TableColumn:
    try:
        type_ = pa.Array.from_pandas(series).type
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        type_ = None
    if type_ is not None:
        for is_of_kind, contract_type in WIDEST:
            if is_of_kind(type_):
                return dg.TableColumn(name, contract_type)
    message = (
        f"Column {name} holds values of mixed kinds ({series.dtype}), for which the warehouse has no type. "
        "Convert it, or declare the asset's columns as dagster/column_schema."
    )
    raise RefusedError(message)
