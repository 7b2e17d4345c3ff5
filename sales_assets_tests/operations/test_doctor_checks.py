"""The doctor's checks: each with one passing and one failing case, on real components."""

import base64
import os
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch
from zoneinfo import ZoneInfo

import dagster as dg
import duckdb
import fakesnow.cursor
import pytest
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from snowflake.connector.errors import ProgrammingError

from sales_assets.commands import doctor as command
from sales_assets.dbt.project import MANIFEST
from sales_assets.errors import RefusedError
from sales_assets.operations.doctor.check_airbyte import check_airbyte
from sales_assets.operations.doctor.check_dbt import check_manifest
from sales_assets.operations.doctor.check_disk import check_disk, check_duckdb_file
from sales_assets.operations.doctor.check_erp import check_erp
from sales_assets.operations.doctor.check_instance import check_daemons, check_pools
from sales_assets.operations.doctor.check_private_key import check_private_key
from sales_assets.operations.doctor.check_s3 import check_s3
from sales_assets.operations.doctor.check_snowflake import _check_session, check_snowflake
from sales_assets.operations.doctor.check_time_zone import check_time_zone
from sales_assets.operations.doctor.check_variables import check_variables
from sales_assets.operations.doctor.findings import CheckReport, Finding
from sales_assets.operations.doctor.run_checks import check_instance, run_checks
from sales_assets.redaction import redact_settings
from sales_assets.settings import Environment, Settings, environment
from sales_assets.sources.airbyte.discovery import discover_snapshot
from sales_assets.sources.airbyte.snapshot import FOLDER, snapshot_path, write_snapshot
from sales_assets.sources.airbyte.workspace import SalesAirbyteWorkspace
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.sources.marketplace.bucket import Bucket
from sales_assets.warehouse.file_lock import lock_database
from sales_assets_tests.support.airbyte import Airbyte
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.quick_instances import stored_instance
from sales_assets_tests.support.s3 import S3
from sales_assets_tests.support.warehouses import fake_snowflake

PROD = Settings(environment=Environment.PROD)


def no_pools(_: Settings) -> set[str]:
    return set()


NEEDED = (
    *(f"SNOWFLAKE_{name}" for name in ("ACCOUNT", "USER", "ROLE", "WAREHOUSE", "DATABASE", "PRIVATE_KEY")),
    *("ERP_POSTGRES_URL", "SALES_S3_BUCKET", "AIRBYTE_URL", "AIRBYTE_WORKSPACE_ID"),
    *("AIRBYTE_CLIENT_ID", "AIRBYTE_CLIENT_SECRET"),
)


def format_problems(findings: Sequence[Finding]) -> str:
    assert findings
    return "\n".join(str(finding) for finding in findings if not finding.is_ok)


def now() -> datetime:
    return datetime.now(UTC)


def test_a_finding_is_one_line_that_begins_with_ok_or_fix() -> None:
    assert str(Finding("ERP", "It\nanswers.")) == "ok   ERP: It answers."
    assert str(Finding("ERP", "It is away.", "Call.")) == "fix  ERP: It is away. Call."


def test_every_variable_that_production_lacks_is_named() -> None:
    given = dict.fromkeys(NEEDED, "x")
    assert not format_problems(check_variables(PROD, given))
    for name in NEEDED:
        lacking = {key: value for key, value in given.items() if key != name}
        assert f"{name} is not set" in format_problems(check_variables(PROD, lacking))
    assert not format_problems(check_variables(Settings(), {}))


def test_two_secrets_for_snowflake_are_one_too_many() -> None:
    given = dict.fromkeys((*NEEDED, "SNOWFLAKE_PASSWORD"), "x")
    assert "Unset SNOWFLAKE_PASSWORD" in format_problems(check_variables(PROD, given))


def test_an_erp_role_that_only_reads_is_ok_and_one_that_can_write_is_a_problem(erp: Erp) -> None:
    assert not format_problems(check_erp(erp.resource, now))
    found = format_problems(check_erp(PostgresResource(url=erp.admin_url), now))
    assert all(f"Our role can write {table}" in found for table in ("customers", "order_items", "orders"))


def test_a_wrong_erp_clock_and_missing_erp_tables_are_problems(erp: Erp) -> None:
    late = check_erp(erp.resource, lambda: now() + timedelta(seconds=90))
    assert "time server" in format_problems(late)
    elsewhere = PostgresResource(url=f"{erp.url}&options=-csearch_path%3Dnowhere")
    assert "Table or view orders does not exist" in format_problems(check_erp(elsewhere, now))


def test_an_erp_role_without_select_gets_the_grants_as_the_remedy(erp: Erp) -> None:
    erp.run("drop role if exists other_role", "create role other_role login")
    other = PostgresResource(url=erp.url.replace("sales_reader", "other_role"))
    assert "no permission to SELECT from orders. Run deploy/postgres/grants.sql" in format_problems(
        check_erp(other, now)
    )


def test_other_rules_of_the_time_zone_in_the_erp_and_duckdb_are_problems(erp: Erp) -> None:
    settings = Settings(timezone="Europe/Rome")
    assert not format_problems(check_time_zone(settings, erp.resource, date(2026, 11, 1)))
    with patch(
        "sales_assets.operations.doctor.check_time_zone.ZoneInfo", lambda _: ZoneInfo("Europe/London")
    ):
        found = format_problems(check_time_zone(settings, erp.resource, date(2026, 11, 1)))
    for name in ("the ERP", "DuckDB"):
        assert f"Python and {name} have other rules for Europe/Rome on 1035 day(s)" in found
    assert "the first 2025-01-01, the last 2027-11-01" in found


def test_a_first_day_that_is_not_over_is_a_problem(erp: Erp) -> None:
    settings = Settings(first_day="2026-11-01")
    found = format_problems(check_time_zone(settings, erp.resource, date(2026, 11, 1)))
    assert "SALES_FIRST_DAY is 2026-11-01: no business day is over yet." in found


def test_an_unavailable_erp_is_reported_without_its_password() -> None:
    away = PostgresResource(url="postgresql://reader:hidden-word@127.0.0.1:1/erp")
    found = format_problems(check_erp(away, now))
    assert "127.0.0.1:1" in found
    assert "hidden-word" not in found


def to_pem(key: Any, passphrase: str = "") -> str:
    encryption = s.BestAvailableEncryption(passphrase.encode()) if passphrase else s.NoEncryption()
    text: bytes = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, encryption)
    return text.decode()


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM, SEALED = to_pem(RSA), to_pem(RSA, "open sesame")
DER = base64.b64encode(RSA.private_bytes(s.Encoding.DER, s.PrivateFormat.PKCS8, s.NoEncryption())).decode()


def test_a_private_key_that_loads_is_ok() -> None:
    assert not format_problems(check_private_key(PEM))
    assert not format_problems(check_private_key(SEALED, "open sesame"))


@pytest.mark.parametrize(
    ("key", "passphrase", "reason"),
    [
        (PEM.replace("\n", "\\n"), "", "a PEM on one line"),
        (base64.b64encode(PEM.encode()).decode(), "", "base64 of a PEM"),
        (DER, "", "DER as base64"),
        ("hunter2", "", "does not begin with -----BEGIN"),
        (PEM, "open sesame", "Unset SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"),
        (SEALED, "", "Set SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"),
        (SEALED, "shut", "is not its passphrase"),
        (PEM.replace(PEM.splitlines()[3], ""), "", "cannot be read"),
        (to_pem(ec.generate_private_key(ec.SECP256R1())), "", "not an RSA key"),
    ],
    ids=["one line", "base64", "DER", "none", "needless", "missing", "wrong", "cut", "EC"],
)
def test_a_private_key_that_does_not_load_gets_a_reason_and_is_never_shown(
    key: str, passphrase: str, reason: str
) -> None:
    found = format_problems(check_private_key(key, passphrase))
    assert reason in found
    assert not [line for line in key.splitlines() if line and "-----" not in line and line in found]


def test_a_disk_with_free_space_is_ok_and_a_full_one_is_a_problem(tmp_path: Path) -> None:
    assert not format_problems(check_disk(tmp_path / "not" / "yet"))
    assert "GiB free" in format_problems(check_disk(tmp_path, min_free_bytes=2**62))


def test_a_duckdb_file_is_opened_but_never_created(tmp_path: Path) -> None:
    database = tmp_path / "new" / "sales.duckdb"
    assert not format_problems(check_duckdb_file(database))
    assert not database.parent.exists()
    database.parent.mkdir()
    duckdb.connect(database).close()
    assert not format_problems(check_duckdb_file(database))


def test_a_file_of_another_format_and_a_path_below_a_file_are_problems(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear database" * 1000)
    assert "SALES_DUCKDB_PATH" in format_problems(check_duckdb_file(letter))
    assert "cannot be written" in format_problems(check_duckdb_file(letter / "sales.duckdb"))


def test_a_warehouse_that_a_run_is_writing_is_ok(tmp_path: Path) -> None:
    database = tmp_path / "sales.duckdb"
    duckdb.connect(database).close()
    with lock_database(database, exclusive=True, caller="run 1"):
        [finding] = check_duckdb_file(database, patience_seconds=0)
    assert finding.is_ok
    assert "run 1" in finding.text


SNOWFLAKE = {"account": "a", "user": "u", "password": "p"}


def test_snowflake_permissions_are_tried_out_and_nothing_is_left_behind(tmp_path: Path) -> None:
    with fake_snowflake(tmp_path) as warehouse:
        warehouse.query("create schema raw")
        before = warehouse.column("select count(*) from information_schema.schemata")
        found = check_snowflake({**SNOWFLAKE, "database": warehouse.reader.database})
        assert not format_problems(found)
        assert any("can create tables in raw" in finding.text for finding in found)
        assert any("gold does not exist yet; our role can create it" in finding.text for finding in found)
        left = warehouse.column("select table_name from information_schema.tables where table_schema = 'RAW'")
        assert left == []
        assert warehouse.column("select count(*) from information_schema.schemata") == before


def test_a_snowflake_role_without_permissions_gets_the_grants_as_the_remedy(tmp_path: Path) -> None:
    execute = fakesnow.cursor.FakeSnowflakeCursor.execute

    def refusing(cursor: Any, command: str, *arguments: Any, **options: Any) -> Any:
        if command.startswith("create transient"):
            message = "003001 (42501): SQL access control error: Insufficient privileges"
            raise ProgrammingError(message)
        return execute(cursor, command, *arguments, **options)

    with fake_snowflake(tmp_path) as warehouse:
        warehouse.query("create schema raw")
        with patch.object(fakesnow.cursor.FakeSnowflakeCursor, "execute", refusing):
            found = format_problems(check_snowflake({**SNOWFLAKE, "database": warehouse.reader.database}))
    assert found.count("Insufficient privileges. Run deploy/snowflake/grants.sql") == 4


def test_a_snowflake_session_of_another_role_is_a_problem(tmp_path: Path) -> None:
    with fake_snowflake(tmp_path) as warehouse:
        config = {**SNOWFLAKE, "database": warehouse.reader.database, "role": "LOADER"}
        found = format_problems(check_snowflake(config))
    assert "The session's role is none, not that of SNOWFLAKE_ROLE" in found


@pytest.mark.parametrize("name", ["role", "warehouse", "database"])
def test_a_snowflake_session_that_differs_from_the_settings_is_a_problem(name: str) -> None:
    config = {"role": "loader", "warehouse": "small", "database": '"SALES"'}
    session = {key: value.strip('"').upper() for key, value in config.items()}
    report = CheckReport("Warehouse")
    _check_session(report, Mock(**session), config)
    assert not format_problems(report.findings)
    _check_session(report, Mock(**session | {name: None}), config)
    assert f"The session's {name} is none, not that of SNOWFLAKE_{name.upper()}" in format_problems(
        report.findings
    )


def test_an_unavailable_snowflake_is_one_line() -> None:
    away = {"host": "127.0.0.1", "port": 1, "protocol": "http", "login_timeout": 1}
    config = SNOWFLAKE | {"additional_snowflake_connection_args": away, "login_timeout": 1}
    assert "Check the SNOWFLAKE_* variables" in format_problems(check_snowflake(config))


def test_a_missing_or_old_manifest_is_reported_but_no_problem(tmp_path: Path) -> None:
    prod = Settings(environment=Environment.PROD, data_dir=tmp_path)
    [missing] = check_manifest(prod)
    folder = tmp_path / "dbt" / "manifest-snowflake-"
    folder.mkdir(parents=True)
    (folder / MANIFEST).touch()
    [current] = check_manifest(prod)
    os.utime(folder / MANIFEST, (0, 0))
    [old] = check_manifest(prod)
    assert all(finding.is_ok for finding in (missing, current, old))
    assert "The manifest is missing; the next process" in missing.text
    assert "as new as the project's files" in current.text
    assert "h older than the project's files" in old.text


def test_a_current_airbyte_snapshot_is_ok_and_drift_is_a_problem(server: Airbyte, tmp_path: Path) -> None:
    workspace = server.workspace()
    path = snapshot_path(Environment.PROD, tmp_path)
    write_snapshot(discover_snapshot(workspace.get_client(), workspace.address()), path)
    assert not format_problems(check_airbyte(workspace, Environment.PROD, tmp_path))
    path.write_text(path.read_text().replace("prod_crm", "prod_erm"))
    assert "prod_crm is new" in format_problems(check_airbyte(workspace, Environment.PROD, tmp_path))


def test_airbyte_without_a_snapshot_or_a_server_is_a_problem(server: Airbyte, tmp_path: Path) -> None:
    assert "make airbyte-snapshot" in format_problems(check_airbyte(None, Environment.PROD, tmp_path))
    assert not format_problems(check_airbyte(None, Environment.LOCAL, FOLDER))
    away = SalesAirbyteWorkspace(url="http://127.0.0.1:1", workspace_id="w", request_max_retries=0)
    assert "Check the AIRBYTE_*" in format_problems(check_airbyte(away, Environment.LOCAL))


def test_a_readable_bucket_is_ok_and_a_missing_one_is_a_problem(s3: S3) -> None:
    s3.client.put_object(Bucket=s3.bucket, Key="marketplaces/a.csv", Body=b"x")
    assert not format_problems(check_s3(s3.resource(prefix="")))
    assert "Check SALES_S3_BUCKET" in format_problems(check_s3(s3.resource(bucket="nowhere-at-all")))
    with patch.object(Bucket, "is_current", side_effect=RefusedError("It can be listed but not read.")):
        assert "but not read" in format_problems(check_s3(s3.resource(prefix="")))


def test_everything_that_production_depends_on_is_checked() -> None:
    given = {"SNOWFLAKE_PRIVATE_KEY": SEALED, "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": "open sesame"}
    found = list(run_checks(PROD, given))
    subjects = {"Settings", "Disk", "dbt", "ERP", "Snowflake's private key", "Warehouse", "Airbyte", "S3"}
    assert {each.subject for each in found} == subjects
    assert [each.is_ok for each in found if each.subject == "Snowflake's private key"] == [True]


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with stored_instance(tmp_path) as instance:
        yield instance


def test_a_silent_daemon_is_a_problem_in_production_only(instance: dg.DagsterInstance) -> None:
    assert "SCHEDULER (never)" in format_problems(check_daemons(instance, 0, is_needed=True))
    assert not format_problems(check_daemons(instance, 0, is_needed=False))


def test_a_daemon_is_ok_until_its_heartbeat_is_two_minutes_old(instance: dg.DagsterInstance) -> None:
    from dagster._daemon.types import DaemonHeartbeat  # noqa: PLC0415

    beat = time.time()
    for name in instance.get_required_daemon_types():
        instance.add_daemon_heartbeat(DaemonHeartbeat(beat, name, "1", []))
    assert not format_problems(check_daemons(instance, beat + 60, is_needed=True))
    assert "SCHEDULER (180 s)" in format_problems(check_daemons(instance, beat + 180, is_needed=True))


def test_a_pool_without_a_limit_gets_the_command_that_sets_it(instance: dg.DagsterInstance) -> None:
    assert "dagster instance concurrency set erp 1" in format_problems(check_pools(instance, {"erp"}))
    instance.event_log_storage.set_concurrency_slots("erp", 0)
    assert "erp has limit 0" in format_problems(check_pools(instance, {"erp"}))
    instance.event_log_storage.set_concurrency_slots("erp", 2)
    assert not format_problems(check_pools(instance, {"erp"}))


def test_a_folder_without_a_dagster_yaml_is_a_problem_and_stays_unchanged(tmp_path: Path) -> None:
    assert "does not exist" in format_problems(list(check_instance(Settings(), tmp_path, no_pools)))
    assert "does not exist" in format_problems(
        list(check_instance(Settings(), tmp_path / "nowhere", no_pools))
    )
    assert not list(tmp_path.iterdir())


def test_a_silent_daemon_and_a_pool_without_a_limit_are_problems_in_production_but_not_on_a_laptop(
    tmp_path: Path,
) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    found = format_problems(list(check_instance(PROD, tmp_path, lambda _: {"erp"})))
    assert not format_problems(list(check_instance(Settings(), tmp_path, no_pools)))
    assert "SCHEDULER (never)" in found
    assert "erp has no limit" in found


def test_a_location_that_does_not_load_is_not_blamed_on_dagster_yaml(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    broken = Mock(side_effect=ValueError("There is no snapshot."))
    [found] = [it for it in check_instance(PROD, tmp_path, broken) if "snapshot" in it.text]
    assert "dagster.yaml" not in found.remedy


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    found: list[Finding] = []
    monkeypatch.setattr(command, "_run_all_checks", lambda *_: found)
    return found


def test_the_exit_code_is_1_if_there_is_a_problem(
    findings: list[Finding], capfd: pytest.CaptureFixture[str]
) -> None:
    findings.append(Finding("ERP", "It answers."))
    assert (command.run(Namespace()), capfd.readouterr().out) == (
        0,
        "ok   ERP: It answers.\n\nNo problems found.\n",
    )
    findings += [Finding("S3", "It is away.", "Call."), Finding("Disk", "It is full.", "Tidy.")]
    assert command.run(Namespace()) == 1
    assert capfd.readouterr().out.endswith("\n2 problem(s) to fix.\n")


def test_a_secret_is_redacted_even_if_the_line_is_cut_or_its_spaces_collapsed(
    findings: list[Finding], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SNOWFLAKE_PASSWORD", "open  sesame-street")
    with (report := CheckReport("Warehouse")).catch_errors("Call."):
        message = f"open  sesame-street {'x' * 570} open  sesame-street"
        raise ValueError(message)
    findings += report.findings
    assert command.run(Namespace()) == 1
    output = capfd.readouterr().out
    assert "[redacted SNOWFLAKE_PASSWORD]" in output
    assert "sesame" not in output
    assert output.splitlines()[0].endswith("Call.")
    assert len(output) < 700


def test_a_dotenv_file_that_is_not_utf8_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_bytes(b"SNOWFLAKE_PASSWORD=caf\xe9")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    assert command.run(Namespace()) == 1
    assert capfd.readouterr().out.startswith("fix  Settings: ")


def test_every_secret_is_redacted_in_every_form() -> None:
    variables = {
        "ERP_POSTGRES_URL": "postgresql://u:p%40ss@h/d",
        "SNOWFLAKE_PRIVATE_KEY": "-----BEGIN\nline-of-key\n-----END",
        "SNOWFLAKE_PASSWORD": "x y",
        "SNOWFLAKE_DATABASE": "SALES",
        "DAGSTER_POSTGRES_PASSWORD": 'k/"ö',
        "ERP_POSTGRES_URL_2": "postgresql://h/d?user=u&password=q%2Fr",
    }
    forms = [
        "p@ss",
        "p%40ss",
        "line-of-key",
        "x y",
        'k/\\"ö',
        'k/\\"\\u00f6',
        "k%2F%22%C3%B6",
        "q/r",
        "q%2Fr",
    ]
    text = f"postgresql://u:p%40ss@h/d 'x y' SALES {' '.join(forms)}"
    shown = redact_settings(text, variables)
    assert not [secret for secret in forms if secret in shown]
    assert "SALES" in shown
