"""The rows that a contract refuses are found and named, those of a whole million too."""

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from sales_assets.catalog.contracts import RAW_ORDERS_SCHEMA, optional, personal, required
from sales_assets.warehouse.misfits import refuse_misfits

CONTRACT = dg.TableSchema(
    columns=[
        personal("email", "Named by no message."),
        required("id", "BIGINT", "The key."),
        optional("total", "DECIMAL(18,4)", "An amount."),
        optional("lines", "INTEGER", "A number."),
    ]
)


def rows(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"email": "a@example.com", "id": range(7, 17), **columns})


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            rows(total=[0.1 + 0.2] * 8 + [1.12345, 2.0]),
            r"^total is DECIMAL\(18,4\).* hold 1.12345, .*id 15\.$",
        ),
        (rows(total=[np.inf] + [1.0] * 9), r"cannot hold inf, found in id 7\.$"),
        (
            rows(lines=2**31),
            r"^lines is INTEGER, which cannot hold 2147483648, found in id 7, 8, 9, 10, 11 …\.$",
        ),
        (
            rows().assign(id=[float("nan"), *range(9)]),
            r"^id must not be null, but is in 1 row\(s\): id nan\.$",
        ),
    ],
    ids=["digits", "infinite", "range", "null key"],
)
def test_values_that_a_column_cannot_hold_are_refused_by_their_rows(
    frame: pd.DataFrame, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        refuse_misfits(frame, CONTRACT)


def test_the_frames_of_users_tests_may_lack_columns_and_have_others_of_another_kind() -> None:
    refuse_misfits(rows().drop(columns="email").assign(lines="three", other=None), CONTRACT)
    refuse_misfits(rows(lines=[1, "two", *range(8)]), CONTRACT)
    refuse_misfits(pd.DataFrame({"order_date": ["2025-01-15"]}), RAW_ORDERS_SCHEMA)
    refuse_misfits(pd.DataFrame(), RAW_ORDERS_SCHEMA)


def test_a_value_that_identifies_a_person_is_not_shown() -> None:
    contract = dg.TableSchema(columns=[dg.TableColumn("phone", "INTEGER", tags={"personal_data": ""})])
    with pytest.raises(
        ValueError, match=r"^phone is INTEGER, which cannot hold \[redacted\], found in row 1\.$"
    ):
        refuse_misfits(pd.DataFrame({"phone": [1, 391234567890]}), contract)
