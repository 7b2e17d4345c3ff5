"""What only Snowflake does: how it refuses, and how its cost is attributed. The rest is the contract's."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import pytest
import snowflake.connector
from snowflake.connector.errors import DatabaseError

from sales_assets.errors import RefusedError
from sales_assets.warehouse.snowflake import SnowflakeWarehouse
from sales_assets.warehouse.snowflake_errors import refusals
from sales_assets_tests.support.snowflake import REFUSED, refusing, speaking_to
from sales_assets_tests.support.warehouses import fake_snowflake


def test_a_wrong_password_is_tried_once_and_never_again() -> None:
    warehouse = SnowflakeWarehouse(account="a", user="u", password="wrong", database="SALES")
    with refusing() as port, speaking_to(port) as opened, pytest.raises(RefusedError, match=REFUSED) as told:
        warehouse.query("select 1")
    assert len(opened) == 1
    assert not told.value.allow_retries
    assert "What was stored before is kept. Correct SNOWFLAKE_USER and its password or key" in str(told.value)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ({"private_key": "no key"}, "Unable to load"),
        ({"private_key_path": "/nowhere/key.p8"}, "No such file"),
    ],
)
def test_a_private_key_that_cannot_be_read_is_not_tried_again(key: dict[str, str], reason: str) -> None:
    warehouse = SnowflakeWarehouse(account="a", user="u", database="SALES", **key)
    with pytest.raises(RefusedError, match=f"the private key cannot be read: .*{reason}"):
        warehouse.query("select 1")


def test_a_table_that_is_not_there_is_not_looked_for_again(tmp_path: Path) -> None:
    with fake_snowflake(tmp_path) as warehouse, pytest.raises(RefusedError, match="does not exist"):
        warehouse.query("select * from raw.nowhere")


@pytest.mark.parametrize(("state", "remedy"), [("02000", "Correct the name"), ("42501", "grant the right")])
def test_a_name_or_right_that_is_missing_is_told_with_what_to_do(state: str, remedy: str) -> None:
    with (
        pytest.raises(RefusedError, match=f"let a test do nothing: Schema 'X' .*{remedy}"),
        refusals("a test"),
    ):
        raise DatabaseError("Schema 'X' does not exist or not authorized.", sqlstate=state)


@pytest.mark.parametrize("state", ["08001", "57014", None])
def test_what_may_pass_by_itself_is_left_to_the_retries(state: str | None) -> None:
    with pytest.raises(DatabaseError), refusals("a test"):
        raise DatabaseError("away", sqlstate=state)


def test_what_a_run_asks_of_the_warehouse_is_tagged_with_the_run(tmp_path: Path) -> None:
    @dg.asset
    def asking(warehouse: dg.ResourceParam[Any]) -> None:
        warehouse.query("select 1")

    with fake_snowflake(tmp_path) as engine:
        with patch.object(snowflake.connector, "connect", wraps=snowflake.connector.connect) as connect:
            run = dg.materialize([asking], resources={"warehouse": engine.reader})
        assert connect.call_args.kwargs["session_parameters"]["QUERY_TAG"] == f"run {run.run_id}, warehouse"
