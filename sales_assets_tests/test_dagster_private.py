"""What is used of Dagster's private side is still there, and still does what it is used for."""

import dagster as dg
from dagster._core.storage.db_io_manager import DbIOManager


def test_dagsters_database_io_manager_still_tells_where_a_table_stands() -> None:
    assert callable(DbIOManager._get_table_slice)


def test_an_outputs_partitions_are_still_asked_of_its_context() -> None:
    assert hasattr(dg.build_output_context(), "_asset_partitions_subset")
