"""Infers a contract from a frame: for an asset that declares none, or whose table may gain columns."""

import dagster as dg
import pandas as pd
import pyarrow as pa

from sales_assets.errors import RefusedError
from sales_assets.warehouse.column_types import WIDEST_TYPES


def infer_contract(frame: pd.DataFrame) -> dg.TableSchema:
    """Infer a contract from a frame's dtypes, with the widest type of each kind.

    Args:
        frame: The first frame of a table. A column without any value becomes text.

    Raises:
        RefusedError: No type of the warehouse can hold the values of a column.
    """
    return dg.TableSchema(columns=[_infer_column(str(name), values) for name, values in frame.items()])


def widen_contract(contract: dg.TableSchema, frame: pd.DataFrame) -> dg.TableSchema:
    """Add the columns of a frame that a contract lacks, if its constraints include `add_columns`.

    Args:
        contract: The asset's declared contract; see `contracts.ADD_COLUMNS`.
        frame: The rows to be stored.
    """
    if "add_columns" not in contract.constraints.other:
        return contract
    known = {column.name for column in contract.columns}
    new = [_infer_column(str(name), frame[name]) for name in frame.columns if name not in known]
    return dg.TableSchema(columns=[*contract.columns, *new], constraints=contract.constraints)


def _infer_column(name: str, series: pd.Series) -> dg.TableColumn:
    try:
        type_ = pa.Array.from_pandas(series).type
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        type_ = None
    if type_ is not None:
        for is_of_kind, contract_type in WIDEST_TYPES:
            if is_of_kind(type_):
                return dg.TableColumn(name, contract_type)
    message = (
        f"Column {name} has values of mixed kinds ({series.dtype}), which no type of the warehouse can hold. "
        "No stored data was changed. Convert it, or declare the asset's columns as dagster/column_schema."
    )
    raise RefusedError(message)
