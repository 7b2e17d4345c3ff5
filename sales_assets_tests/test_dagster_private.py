"""What is used of Dagster's private side is still there, and still does what it is used for."""

import dagster as dg
from dagster._core.storage.db_io_manager import DbIOManager
from dagster_dbt import DbtCliResource

from sales_assets.dbt.project import dbt_resource
from sales_assets.settings import Settings


def test_dagsters_database_io_manager_still_tells_where_a_table_stands() -> None:
    assert callable(DbIOManager._get_table_slice)


def test_an_outputs_partitions_are_still_asked_of_its_context() -> None:
    assert hasattr(dg.build_output_context(), "_asset_partitions_subset")


def test_dbts_version_and_adapter_are_still_where_they_are_replaced() -> None:
    assert "_cli_version" in vars(DbtCliResource)
    assert "_initialize_dbt_core_adapter" in vars(DbtCliResource)
    resource = dbt_resource(Settings())
    assert resource._cli_version.major == 1
    assert resource._initialize_dbt_core_adapter([]) is None
