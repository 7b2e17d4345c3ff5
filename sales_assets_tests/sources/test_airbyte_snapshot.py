"""The snapshot: what loads from it, how it is created from a live server, and how drift is reported."""

import json
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sales_assets.commands.airbyte_snapshot import rewrite_snapshot
from sales_assets.definitions import build_definitions
from sales_assets.demo.airbyte.connections import WORKSPACE_ID
from sales_assets.demo.airbyte.demo_airbyte import DemoAirbyteWorkspace
from sales_assets.settings import AirbyteLogin, Environment, Settings, parse_settings
from sales_assets.sources.airbyte.airbyte_assets import build_airbyte_assets, build_spec
from sales_assets.sources.airbyte.airbyte_checks import build_airbyte_check
from sales_assets.sources.airbyte.diff import diff_snapshots
from sales_assets.sources.airbyte.discovery import discover_snapshot
from sales_assets.sources.airbyte.snapshot import (
    Connection,
    Snapshot,
    SnapshotError,
    Stream,
    parse_snapshot,
    read_snapshot,
    snapshot_path,
    write_snapshot,
)
from sales_assets.sources.airbyte.workspace import strip_api_path
from sales_assets_tests.support.airbyte import CRM, GARBLED, RESET, SLOW, Airbyte, Fault
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.python_process import run_python

LOCAL = read_snapshot(Environment.LOCAL)


@pytest.fixture
def server_settings(server: Airbyte, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with the server in the environment."""
    monkeypatch.setenv("AIRBYTE_URL", f"{server.url}/api/public/v1/")
    monkeypatch.setenv("AIRBYTE_WORKSPACE_ID", WORKSPACE_ID)
    return Settings(has_airbyte_url=True)


@pytest.fixture
def _no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        message = "a connection was attempted"
        raise AssertionError(message)

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.usefixtures("_no_connection")
@pytest.mark.parametrize("environment", list(Environment))
@pytest.mark.parametrize("has_url", [True, False])
def test_the_location_loads_with_airbyte_unreachable_and_unset(
    environment: Environment, has_url: bool
) -> None:
    definitions = build_definitions(settings_with(environment=environment, has_airbyte_url=has_url))
    dg.Definitions.validate_loadable(definitions)
    keys = {key.to_user_string() for key in definitions.get_repository_def().asset_graph.get_all_asset_keys()}
    assert keys >= {"crm/accounts", "crm/contacts", "payments/charges", "payments/refunds", "ads/spend"}
    assert not [key for key in keys if "staging_crm" in key or "crm_staging" in key]


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_fresh_process_loads_with_a_server_that_does_not_exist_and_starts_none(tmp_path: Path) -> None:
    variables = {"AIRBYTE_URL": "http://127.0.0.1:1", "SALES_DUCKDB_PATH": str(tmp_path / "w.duckdb")}
    script = """
from dataclasses import replace
from sales_assets.definitions import build_definitions, defs
from sales_assets.settings import Environment, settings
for definitions in (defs, build_definitions(replace(settings(), environment=Environment.PROD))):
    definitions.get_repository_def()
"""
    assert run_python("-c", script, environment=variables) == (0, "")
    assert not list((settings_with().data_dir / "airbyte").glob("w-*"))


def test_a_stream_is_an_asset_with_its_table_link_pool_and_policy() -> None:
    definitions = {each.op.name: each for each in build_airbyte_assets(settings_with())}
    assert set(definitions) == {"airbyte_ads", "airbyte_crm", "airbyte_payments"}
    crm = definitions["airbyte_crm"]
    assert crm.op.pool == "airbyte_crm"
    assert crm.op.retry_policy is not None
    spec = crm.specs_by_key[dg.AssetKey(["crm", "accounts"])]
    assert spec.group_name == "airbyte"
    assert spec.metadata["dagster/table_name"] == "crm.accounts"
    assert spec.metadata["connection"].value == f"{LOCAL.url}/workspaces/{WORKSPACE_ID}/connections/{CRM.id}"
    columns = {column.name: column.type for column in spec.metadata["dagster/column_schema"].columns}
    assert columns["erp_customer_id"] == "integer"
    assert columns["updated_at"] == "timestamp_with_timezone"


def test_keys_and_tables_have_the_prefix_and_names_may_contain_any_character() -> None:
    stream = Stream("Größe 1/a", "sales", {})
    connection = Connection("prod_my sheet → x", "id", "g_", "DB", (stream, Stream("b", None, {})))
    snapshot = Snapshot("https://a", "w", (connection,))
    spec = build_spec(snapshot, connection, stream)
    assert spec.key.path == ["my sheet → x", "g_Größe 1/a"]
    assert spec.metadata["dagster/table_name"] == "DB.sales.g_Größe 1/a"
    assert "dagster/column_schema" not in spec.metadata


def test_a_definition_with_unusual_names_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    streams = (Stream("Größe 1/a", "sales", {}), Stream("Größe 1.a", "sales", {}))
    unusual = replace(LOCAL, connections=(Connection("prod_my sheet → x", "id", "", None, streams),))
    monkeypatch.setattr("sales_assets.sources.airbyte.airbyte_assets.read_snapshot", lambda _: unusual)
    [definition] = build_airbyte_assets(settings_with())
    assert definition.op.name == "airbyte_my_sheet_x"
    assert len(definition.keys) == 2


def connections(payload: dict[str, Any]) -> Any:
    return payload["connections"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (None, "cannot be read"),
        (lambda _: "{", "it is not a snapshot"),
        (lambda _: "[]", "it is not a snapshot"),
        (lambda payload: {**payload, "connections": []}, "no connection of workspace"),
        (lambda payload: {"connections": connections(payload)}, "url: Field required"),
        (lambda payload: {**payload, "connections": connections(payload) * 2}, "crm appears twice; payments"),
        (
            lambda payload: {**payload, "connections": [{**connections(payload)[0], "streams": []}]},
            "no selected stream",
        ),
        (
            lambda payload: {**payload, "connections": [{**connections(payload)[0], "name": "prod_"}]},
            "has no ASCII letter",
        ),
        (lambda payload: {**payload, "connections": [None]}, "it is not a snapshot: connections.0: "),
    ],
)
def test_a_missing_or_unusable_snapshot_is_an_error_with_the_command_that_creates_it(
    tmp_path: Path, change: Callable[[Any], Any] | None, reason: str
) -> None:
    if change:
        changed = change(json.loads(LOCAL.to_json()))
        (tmp_path / "prod.json").write_text(changed if isinstance(changed, str) else json.dumps(changed))
    with pytest.raises(SnapshotError, match=reason) as error:
        read_snapshot(Environment.PROD, tmp_path)
    assert "DAGSTER_DEPLOYMENT=prod make airbyte-snapshot" in str(error.value)
    assert str(tmp_path / "prod.json") in str(error.value)


def test_without_a_snapshot_the_location_does_not_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_snapshot, "__defaults__", (tmp_path,))
    with pytest.raises(SnapshotError, match="make airbyte-snapshot"):
        build_definitions(settings_with())


def test_a_written_snapshot_is_read_back_unchanged_and_sorted(tmp_path: Path) -> None:
    path = tmp_path / "new" / "local.json"
    write_snapshot(LOCAL, path)
    assert parse_snapshot(path.read_text()) == LOCAL
    assert [each.name for each in path.parent.iterdir()] == ["local.json"]
    names = [connection.name for connection in LOCAL.connections]
    assert names == sorted(names)


@pytest.mark.parametrize("environment", list(Environment))
def test_the_committed_snapshots_contain_our_connections_and_no_secret(environment: Environment) -> None:
    text = snapshot_path(environment).read_text()
    assert text == read_snapshot(environment).to_json()
    assert [each.name for each in read_snapshot(environment).connections] == [
        "prod_ads",
        "prod_crm",
        "prod_payments",
    ]
    assert not [word for word in ("secret", "password", "token", "configuration") if word in text]


def test_the_command_writes_the_servers_connections_and_prints_what_changed(
    server: Airbyte, server_settings: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert rewrite_snapshot(server_settings, tmp_path) == 0
    assert "prod_crm: is new" in capfd.readouterr().out
    assert rewrite_snapshot(server_settings, tmp_path) == 0
    assert "nothing changed" in capfd.readouterr().out
    written = read_snapshot(Environment.LOCAL, tmp_path)
    assert written.connections == LOCAL.connections
    assert written.url == server.url
    write_snapshot(replace(written, url="http://former.example.com"), tmp_path / "local.json")
    assert rewrite_snapshot(server_settings, tmp_path) == 0
    assert (
        f"of http://former.example.com, is {written.workspace_id} of {server.url}" in capfd.readouterr().out
    )
    server.replace(replace(CRM, prefix="x_", unselected=("contacts",)))
    assert rewrite_snapshot(server_settings, tmp_path) == 0
    output = capfd.readouterr().out
    assert "prod_ads: was deleted" in output
    assert "prod_crm: prefix changed from none to x_" in output
    assert "prod_crm: stream contacts was removed: in schema crm" in output
    assert "prod_crm: stream contacts, column email was removed: string" in output


def test_the_address_of_the_emulator_is_the_committed_one_whatever_its_port() -> None:
    workspace = DemoAirbyteWorkspace(data_dir="nowhere", database="nowhere", timezone="UTC")
    assert workspace.link_address() == LOCAL.url


@pytest.mark.parametrize("fault", [503, 401, 403, RESET, SLOW, GARBLED])
def test_the_command_does_not_change_the_snapshot_if_the_server_fails(
    server: Airbyte,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fault: int | str,
) -> None:
    monkeypatch.setattr("sales_assets.commands.airbyte_snapshot.build_airbyte", lambda _: server.workspace())
    write_snapshot(LOCAL, tmp_path / "local.json")
    server.faults = [Fault(fault, times=99)]
    assert rewrite_snapshot(Settings(), tmp_path) == 1
    assert "was not changed: Airbyte at" in capfd.readouterr().out
    assert read_snapshot(Environment.LOCAL, tmp_path) == LOCAL


def test_the_command_writes_no_empty_snapshot(
    server: Airbyte, server_settings: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    server.replace(replace(CRM, name="dev_crm"))
    assert rewrite_snapshot(server_settings, tmp_path) == 1
    assert "no connection of workspace" in capfd.readouterr().out
    assert not list(tmp_path.iterdir())


def test_the_command_names_the_missing_variable(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRBYTE_URL", "https://airbyte.example.com")
    monkeypatch.setenv("AIRBYTE_WORKSPACE_ID", "w")
    prod = Settings(environment=Environment.PROD, has_airbyte_url=True)
    assert rewrite_snapshot(prod, tmp_path) == 1
    assert "AIRBYTE_CLIENT_" in capfd.readouterr().out


def discover(server: Airbyte) -> Snapshot:
    workspace = server.workspace()
    return discover_snapshot(workspace.get_client(), workspace.address())


def test_a_server_that_only_has_the_public_api_gives_streams_without_columns(server: Airbyte) -> None:
    server.emulator.absent = "^/api/v1/"
    snapshot = discover(server)
    assert [connection.name for connection in snapshot.connections] == [
        "prod_ads",
        "prod_crm",
        "prod_payments",
    ]
    assert [stream.columns for connection in snapshot.connections for stream in connection.streams] == [
        {}
    ] * 5


def test_a_server_without_destinations_gives_tables_without_schema(server: Airbyte) -> None:
    server.emulator.absent = "/destinations/"
    snapshot = discover(server)
    assert snapshot.connections[0].format_table(snapshot.connections[0].streams[0]) == "spend"


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"namespaceDefinition": "source"}, "shop"),
        ({"namespaceDefinition": "customformat", "namespaceFormat": "raw_${SOURCE_NAMESPACE}"}, "raw_shop"),
        ({"namespaceDefinition": "custom_format", "namespaceFormat": "lake"}, "lake"),
        ({"namespaceDefinition": "destination"}, "crm"),
        ({"namespaceDefinition": None}, "crm"),
    ],
)
def test_the_schema_follows_the_connections_rule_for_namespaces(
    server: Airbyte, details: dict[str, Any], expected: str
) -> None:
    catalog = {
        "streams": [
            {"stream": {"name": "a", "namespace": "shop"}, "config": {"selected": True}},
            {"stream": {"name": "b"}, "config": {"selected": False}},
            {
                "stream": {
                    "name": "c",
                    "namespace": "shop",
                    "jsonSchema": {"properties": {"x": {"type": ["null", "number"]}, "y": {}, "z": True}},
                },
                "config": {
                    "selected": True,
                    "fieldSelectionEnabled": True,
                    "selectedFields": [{"fieldPath": ["x"]}, {"fieldPath": ["y"]}],
                },
            },
        ]
    }
    body = json.dumps({"name": "prod_crm", "syncCatalog": catalog, **details})
    server.replace(CRM)
    server.faults = [Fault(200, "POST", "/connections/get", body=body)]
    [connection] = discover(server).connections
    assert [(stream.name, stream.schema) for stream in connection.streams] == [
        ("a", expected),
        ("c", expected),
    ]
    assert connection.streams[1].columns == {"x": "number", "y": "unknown"}


def test_drift_is_reported_fact_by_fact() -> None:
    [ads, crm, payments] = LOCAL.connections
    changed = replace(crm, id="other", streams=(crm.streams[0], Stream("leads", "crm", {"id": "string"})))
    new = replace(payments, name="prod_shop")
    changes = diff_snapshots(LOCAL, replace(LOCAL, connections=(ads, changed, new)))
    assert changes["prod_payments"] == ["was deleted, renamed, or has no selected streams"]
    assert changes["prod_shop"] == ["is new, with charges, refunds"]
    assert f"id changed from {crm.id} to other" in changes["prod_crm"]
    assert "stream leads is new: in schema crm" in changes["prod_crm"]
    assert "prod_ads" not in changes


class CheckRun:
    """A run of the check, with its results by asset."""

    def __init__(self, server: Airbyte):
        definitions = dg.Definitions(
            assets=build_airbyte_assets(settings_with()),
            asset_checks=[build_airbyte_check(settings_with())],
            resources={"airbyte": server.workspace()},
            jobs=[dg.define_asset_job("check", dg.AssetSelection.all_asset_checks())],
        )
        job = definitions.resolve_job_def("check")
        result = job.execute_in_process(instance=dg.DagsterInstance.ephemeral())
        self.success = result.success
        self.results = {
            each.asset_key.to_user_string(): each for each in result.get_asset_check_evaluations()
        }


@pytest.fixture
def run_check(server: Airbyte) -> Callable[[], CheckRun]:
    return lambda: CheckRun(server)


def test_the_check_passes_while_snapshot_and_server_agree(run_check: Callable[[], CheckRun]) -> None:
    run = run_check()
    assert set(run.results) == {"ads/spend", "crm/accounts", "payments/charges"}
    assert all(each.passed for each in run.results.values())


def test_the_check_warns_of_drift_with_the_remedy_and_fails_nothing(
    server: Airbyte, run_check: Callable[[], CheckRun]
) -> None:
    [ads, _, payments] = [each for each in server.emulator.connections.values() if each.name != "staging_crm"]
    server.replace(ads, replace(CRM, unselected=("contacts",)), payments, replace(ads, name="prod_new"))
    run = run_check()
    assert run.success
    accounts = run.results["crm/accounts"]
    assert not accounts.passed
    assert accounts.severity is dg.AssetCheckSeverity.WARN
    assert "prod_crm: stream contacts was removed" in str(accounts.description)
    assert "make airbyte-snapshot" in str(accounts.description)
    spend = run.results["ads/spend"]
    assert "prod_new: is new, with spend" in str(spend.description)
    assert "prod_crm" not in str(spend.description)


def test_the_check_warns_if_the_snapshot_could_not_be_compared(
    server: Airbyte, run_check: Callable[[], CheckRun]
) -> None:
    server.faults = [Fault(503, times=99)]
    run = run_check()
    assert run.success
    assert all("the snapshot could not be compared" in str(each.description) for each in run.results.values())
    assert not any(each.passed for each in run.results.values())


@pytest.mark.parametrize("url", ["airbyte.example.com", "ftp://a", "https://me:pw@a.example.com", "http://"])
def test_an_address_that_is_invalid_or_contains_a_password_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="AIRBYTE_URL must be a URL without user and password") as error:
        parse_settings({"AIRBYTE_URL": url})
    assert "pw" not in str(error.value).replace("password", "")


def test_settings_decide_which_airbyte_and_how_to_log_in() -> None:
    assert Settings().uses_demo_airbyte
    assert not Settings(environment=Environment.PROD).uses_demo_airbyte
    variables = {"AIRBYTE_URL": "https://a.example.com", "AIRBYTE_USERNAME": "u", "AIRBYTE_CLIENT_ID": "c"}
    settings = parse_settings(variables)
    assert settings.has_airbyte_url
    assert not settings.uses_demo_airbyte
    assert settings.airbyte_login is AirbyteLogin.APPLICATION


@pytest.mark.parametrize("end", ["", "/", "/api/public/v1", "/api/public/v1/", "/api/v1"])
def test_an_address_may_be_copied_with_the_path_of_an_api(end: str) -> None:
    assert strip_api_path(f"https://airbyte.example.com/below{end}") == "https://airbyte.example.com/below"
