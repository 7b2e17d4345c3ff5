"""What is used of Dagster's private side is still there, and still does what it is used for."""

import inspect

import dagster as dg
from dagster._core.storage.db_io_manager import DbIOManager
from dagster_airbyte import AirbyteWorkspace


def test_dagsters_database_io_manager_still_tells_where_a_table_stands() -> None:
    assert callable(DbIOManager._get_table_slice)


def test_an_outputs_partitions_are_still_asked_of_its_context() -> None:
    assert hasattr(dg.build_output_context(), "_asset_partitions_subset")


def test_dagster_airbytes_workspace_still_has_what_ours_takes_over_and_configures() -> None:
    configured = {
        *("rest_api_base_url", "configuration_api_base_url", "workspace_id"),
        *("client_id", "client_secret", "username", "password"),
        *("request_max_retries", "request_retry_delay", "request_timeout", "max_items_per_page"),
        *("poll_interval", "poll_timeout", "cancel_on_termination", "poll_previous_running_sync"),
    }
    assert set(AirbyteWorkspace.model_fields) == configured
    assert list(inspect.signature(AirbyteWorkspace.get_client).parameters) == ["self"]
    assert list(inspect.signature(AirbyteWorkspace.sync_and_poll).parameters) == ["self", "context"]
