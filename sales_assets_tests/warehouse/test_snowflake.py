"""What only Snowflake does: rejections, and query tags for cost. The rest is in the contract suite."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import pytest
import snowflake.connector
from snowflake.connector.errors import DatabaseError, ProgrammingError

from sales_assets.errors import RefusedError
from sales_assets.warehouse.snowflake import SnowflakeWarehouse
from sales_assets.warehouse.snowflake_errors import translate_refusals
from sales_assets_tests.support.snowflake import REFUSED, redirect_connections, run_refusing_server
from sales_assets_tests.support.warehouses import fake_snowflake


def test_a_wrong_password_is_tried_once_and_never_again() -> None:
    warehouse = SnowflakeWarehouse(account="a", user="u", password="wrong", database="SALES")
    with (
        run_refusing_server() as port,
        redirect_connections(port) as connections,
        pytest.raises(RefusedError, match=REFUSED) as refusal,
    ):
        warehouse.query("select 1")
    assert len(connections) == 1
    assert not refusal.value.allow_retries
    assert "No stored data was changed. Correct SNOWFLAKE_USER and its password or key" in str(refusal.value)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ({"private_key": "no key"}, "Unable to load"),
        ({"private_key_path": "/nowhere/key.p8"}, "No such file"),
    ],
)
def test_a_private_key_that_cannot_be_read_is_not_tried_again(key: dict[str, Any], reason: str) -> None:
    warehouse = SnowflakeWarehouse(account="a", user="u", database="SALES", **key)
    with pytest.raises(RefusedError, match=f"the private key cannot be read: .*{reason}"):
        warehouse.query("select 1")


def test_a_query_of_a_missing_table_is_not_tried_again(tmp_path: Path) -> None:
    with fake_snowflake(tmp_path) as warehouse, pytest.raises(RefusedError, match="does not exist"):
        warehouse.query("select * from raw.nowhere")


@pytest.mark.parametrize(("state", "remedy"), [("02000", "Correct the name"), ("42501", "grant the right")])
def test_a_missing_name_or_permission_is_reported_with_a_remedy(state: str, remedy: str) -> None:
    with (
        pytest.raises(RefusedError, match=f"Snowflake rejected a test: Schema 'X' .*{remedy}"),
        translate_refusals("a test"),
    ):
        raise DatabaseError("Schema 'X' does not exist or not authorized.", sqlstate=state)


@pytest.mark.parametrize("state", ["08001", "57014", None])
def test_temporary_errors_are_left_to_the_retry_policies(state: str | None) -> None:
    with pytest.raises(DatabaseError), translate_refusals("a test"):
        raise DatabaseError("away", sqlstate=state)


def test_a_runs_queries_are_tagged_with_the_run(tmp_path: Path) -> None:
    @dg.asset
    def asking(warehouse: dg.ResourceParam[Any]) -> None:
        warehouse.query("select 1")

    with fake_snowflake(tmp_path) as engine:
        with patch.object(snowflake.connector, "connect", wraps=snowflake.connector.connect) as connect:
            run = dg.materialize([asking], resources={"warehouse": engine.reader})
        assert connect.call_args.kwargs["session_parameters"]["QUERY_TAG"] == f"run {run.run_id}, warehouse"


@pytest.mark.parametrize(("state", "kind"), [("42S02", RefusedError), ("22018", ProgrammingError)])
def test_an_error_of_snowflake_shows_no_value_and_keeps_its_code(state: str, kind: type[Exception]) -> None:
    text = "Numeric value 'ada@example.com' is not recognized"
    with (
        pytest.raises(kind, match=r"Numeric value \[redacted\] is not recognized") as error,
        translate_refusals("a run"),
    ):
        raise ProgrammingError(text, errno=100038, sqlstate=state)
    assert "ada@" not in repr(error.value) + str(error.value)
