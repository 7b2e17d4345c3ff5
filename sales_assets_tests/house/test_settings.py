"""Settings: what the environment may say, and that every environment loads with nothing set."""

import os
import zoneinfo
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sales_assets.definitions import build_definitions
from sales_assets.resources import build_resources
from sales_assets.settings import (
    ROOT,
    AirbyteLogin,
    Environment,
    Settings,
    SnowflakeSecret,
    exported,
    parse_settings,
    settings,
)
from sales_assets_tests.support.data_dir import environment_with, settings_with


def test_nothing_set_is_a_laptop_with_the_demo_erp() -> None:
    settings = parse_settings({})
    assert settings == Settings()
    assert settings.environment is Environment.LOCAL
    assert settings.uses_demo_erp
    assert settings.duckdb_path == ROOT / ".data" / "sales.duckdb"


def test_an_unknown_deployment_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(
        ValueError, match="DAGSTER_DEPLOYMENT is 'production', but it must be one of: local, staging, prod"
    ):
        parse_settings({"DAGSTER_DEPLOYMENT": "production"})


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "CEST+1"])
def test_an_unknown_time_zone_is_an_error_with_an_example(zone: str) -> None:
    with pytest.raises(ValueError, match="IANA time zone such as Europe/Rome"):
        parse_settings({"SALES_TIMEZONE": zone})


def test_time_zones_have_the_rules_of_the_pinned_package_and_not_the_systems(tmp_path: Path) -> None:
    """The system has other rules for Rome, those of Honolulu; and it was asked before the settings were."""
    folder = tmp_path / "Europe"
    folder.mkdir()
    (folder / "Rome").write_bytes((files("tzdata.zoneinfo") / "Pacific" / "Honolulu").read_bytes())
    noon = datetime(2025, 1, 15, 12, tzinfo=UTC)
    zoneinfo.reset_tzpath(to=[tmp_path])
    zoneinfo.ZoneInfo.clear_cache()
    try:
        assert noon.astimezone(zoneinfo.ZoneInfo("Europe/Rome")).hour == 2
        with environment_with({}):
            settings()
            assert noon.astimezone(zoneinfo.ZoneInfo("Europe/Rome")).hour == 13
    finally:
        zoneinfo.reset_tzpath(to=())
        zoneinfo.ZoneInfo.clear_cache()


def test_an_empty_value_counts_as_not_set() -> None:
    given = {"DAGSTER_DEPLOYMENT": "", "SALES_TIMEZONE": " ", "ERP_POSTGRES_URL": ""}
    assert parse_settings(given) == Settings()


def test_a_relative_path_starts_at_the_repositorys_root() -> None:
    settings = parse_settings({"SALES_DUCKDB_PATH": "elsewhere/w.duckdb"})
    assert settings.duckdb_path == ROOT / "elsewhere" / "w.duckdb"
    assert parse_settings({"SALES_DUCKDB_PATH": "/data/w.duckdb"}).duckdb_path == Path("/data/w.duckdb")


@pytest.mark.parametrize(
    "name", ["raw.duckdb", "GOLD.db", "silver", "main.duckdb", "temp.x", "system.duckdb", "it's.db", 'q".db']
)
def test_a_warehouse_file_that_sql_cannot_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"SALES_DUCKDB_PATH is .*sales\.duckdb is allowed\."):
        parse_settings({"SALES_DUCKDB_PATH": f"/data/{name}"})


def test_the_warehouse_remembers_the_erp_without_user_and_password() -> None:
    def name(url: str, **given: str) -> str | None:
        return parse_settings({"ERP_POSTGRES_URL": url, **given}).origin.get("SALES_ERP_NAME")

    assert name("postgresql://u:secret@erp.example.com/sales") == "erp.example.com:5432/sales"
    assert name("postgresql://u:secret@h:6432/a?dbname=b") == "h:6432/b"
    assert name("postgresql://u:sec@ret/x@h/a") is None
    assert name("postgresql://u@new/sales", SALES_ERP_NAME="old:5432/sales") == "old:5432/sales"
    assert parse_settings({}).origin["SALES_ERP_NAME"] == "the embedded ERP"
    assert "SALES_ERP_NAME" not in Settings(environment=Environment.PROD).origin


def test_the_first_day_is_a_day() -> None:
    assert parse_settings({"SALES_FIRST_DAY": "2019-07-01"}).first_day == "2019-07-01"
    with pytest.raises(ValueError, match=r"SALES_FIRST_DAY is '1\.7\.2019', but it must be a day"):
        parse_settings({"SALES_FIRST_DAY": "1.7.2019"})


def test_the_share_of_rejected_orders_is_a_share() -> None:
    assert parse_settings({"SALES_MAX_REJECTED_SHARE": "0.01"}).max_rejected_share == 0.01
    for value in ("1 %", "-0.1", "1.01", "nan"):
        with pytest.raises(ValueError, match=r"SALES_MAX_REJECTED_SHARE is .* a share from 0 to 1"):
            parse_settings({"SALES_MAX_REJECTED_SHARE": value})


def test_production_never_falls_back_to_the_demo_erp() -> None:
    assert not Settings(environment=Environment.PROD).uses_demo_erp


def test_the_first_snowflake_secret_that_is_set_is_used() -> None:
    given = {"SNOWFLAKE_PASSWORD": "x", "SNOWFLAKE_PRIVATE_KEY_PATH": "y"}
    assert parse_settings(given).snowflake_secret is SnowflakeSecret.PRIVATE_KEY_PATH


@pytest.mark.parametrize("environment", list(Environment))
def test_every_environment_loads_with_no_secret_set(environment: Environment) -> None:
    definitions = build_definitions(settings_with(environment=environment))
    dg.Definitions.validate_loadable(definitions)
    schedule = definitions.get_repository_def().get_schedule_def("sales_pipeline_schedule")
    expected = "STOPPED" if environment is Environment.LOCAL else "RUNNING"
    assert schedule.default_status.name == expected


@pytest.mark.parametrize(
    "other", [{"timezone": "Europe/Rome"}, {"max_partitions_per_run": 2}, {"lookback_days": 30}]
)
def test_settings_that_the_imported_assets_cannot_follow_are_refused(other: dict[str, Any]) -> None:
    [name] = other
    with pytest.raises(ValueError, match=rf"Settings\.{name} is .* imported with .*before sales_assets is"):
        build_definitions(settings_with(**other))


def test_a_run_in_production_names_the_variable_that_is_missing() -> None:
    job = build_definitions(settings_with(environment=Environment.PROD)).resolve_job_def(
        "daily_sales_pipeline"
    )
    instance = dg.DagsterInstance.ephemeral()
    with pytest.raises(Exception, match="ERP_POSTGRES_URL"):
        job.execute_in_process(partition_key="2025-01-15", instance=instance)


@pytest.mark.parametrize("value", ["0", "-1", "seven", "1.5"])
def test_a_number_of_days_is_one_or_more(value: str) -> None:
    with pytest.raises(ValueError, match=r"SALES_LOOKBACK_DAYS is .* a number of days, 1 or more"):
        parse_settings({"SALES_LOOKBACK_DAYS": value})
    assert parse_settings({"SALES_LOOKBACK_DAYS": "3"}).lookback_days == 3


def test_variables_are_exported_for_a_while_and_then_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_TIMEZONE", "Europe/Rome")
    monkeypatch.delenv("SALES_DUCKDB_PATH", raising=False)
    with exported({"SALES_TIMEZONE": "UTC", "SALES_DUCKDB_PATH": "/x"}):
        assert (os.environ["SALES_TIMEZONE"], os.environ["SALES_DUCKDB_PATH"]) == ("UTC", "/x")
    assert os.environ["SALES_TIMEZONE"] == "Europe/Rome"
    assert "SALES_DUCKDB_PATH" not in os.environ


@pytest.mark.parametrize(
    "value",
    ["airbyte.local", "ftp://a.local", "http://", "http://[a", "http://a:port", "http://u:p@a"],
)
def test_an_invalid_url_is_an_error_that_names_the_variable_and_not_the_value(value: str) -> None:
    with pytest.raises(ValueError, match="AIRBYTE_URL must be a URL without user and password") as error:
        parse_settings({"AIRBYTE_URL": value})
    assert value not in str(error.value)
    assert parse_settings({"AIRBYTE_URL": "http://a:8000/api"}).has_airbyte_url


def test_settings_of_servers_are_parsed() -> None:
    given = {
        "SALES_MAX_PARTITIONS_PER_RUN": "31",
        "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": "x",
        "AIRBYTE_URL": "https://a",
        "AIRBYTE_USERNAME": "u",
    }
    settings = parse_settings(given)
    assert (settings.max_partitions_per_run, settings.has_snowflake_passphrase) == (31, True)
    assert (settings.has_airbyte_url, settings.airbyte_login) == (True, AirbyteLogin.USER)
    assert Settings().lookback_days == 7
    assert Settings().uses_demo_airbyte
    assert not Settings(environment=Environment.STAGING).uses_demo_airbyte


def test_staging_and_production_have_the_same_engine_and_hold_names_instead_of_secrets() -> None:
    assert [Settings(environment=each).warehouse for each in Environment] == ["duckdb", *2 * ["snowflake"]]
    for environment in (Environment.STAGING, Environment.PROD):
        settings = Settings(environment=environment, has_snowflake_passphrase=True, s3_prefix="in/")
        resources = build_resources(settings)
        assert resources["s3"].prefix == "in/"
        named = {
            "ERP_POSTGRES_URL": resources["postgres_erp"].url,
            "SNOWFLAKE_PRIVATE_KEY": resources["io_manager"].private_key,
            "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": resources["warehouse"].private_key_password,
            "SNOWFLAKE_DATABASE": resources["warehouse"].database,
            "AIRBYTE_CLIENT_SECRET": resources["airbyte"].client_secret,
        }
        assert [isinstance(value, dg.EnvVar) and value.env_var_name for value in named.values()] == [*named]


def test_without_a_bucket_a_laptop_uses_the_local_s3_and_production_never_does() -> None:
    assert parse_settings({}).uses_demo_s3
    assert not parse_settings({"SALES_S3_BUCKET": "b"}).uses_demo_s3
    assert not Settings(environment=Environment.PROD).uses_demo_s3


@pytest.mark.parametrize(
    ("given", "prefix"), [("", ""), ("/", ""), ("in", "in/"), ("/in/", "in/"), ("a/b", "a/b/")]
)
def test_a_prefix_is_a_folder_however_it_is_written(given: str, prefix: str) -> None:
    assert parse_settings({"SALES_S3_PREFIX": given}).s3_prefix == prefix


@pytest.mark.parametrize("value", ["eur", "EURO", "€", "E'R"])
def test_a_currency_is_three_capital_letters(value: str) -> None:
    with pytest.raises(ValueError, match=r"SALES_ERP_CURRENCY is .* three capital letters such as EUR"):
        parse_settings({"SALES_ERP_CURRENCY": value})
    assert parse_settings({"SALES_ERP_CURRENCY": "CHF"}).erp_currency == "CHF"


def test_a_file_load_in_production_without_a_bucket_names_the_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("ACCOUNT", "USER", "ROLE", "WAREHOUSE", "DATABASE", "PRIVATE_KEY"):
        monkeypatch.setenv(f"SNOWFLAKE_{name}", "x")
    job = build_definitions(settings_with(environment=Environment.PROD)).resolve_job_def(
        "marketplace_orders_job"
    )
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("marketplace_files", ["a.csv"])
    with pytest.raises(Exception, match="SALES_S3_BUCKET"):
        job.execute_in_process(partition_key="a.csv", instance=instance)


def test_reports_are_kept_in_the_data_folder_or_below_the_url_and_other_urls_are_refused() -> None:
    data_dir = parse_settings({}).data_dir
    given = parse_settings({}), parse_settings({"SALES_REPORTS_URL": "s3://b-1/x/"})
    roots = [(each.reports_root, each.exports_root) for each in given]
    assert roots == [(f"{data_dir}/reports", f"{data_dir}/exports"), ("s3://b-1/x", "s3://b-1/x/exports")]
    for wrong in ("https://example.com", "s3://", "s3://b-1//x", "reports"):
        with pytest.raises(ValueError, match=r"SALES_REPORTS_URL is .*as s3://bucket/sales"):
            parse_settings({"SALES_REPORTS_URL": wrong})


def test_personal_data_is_exported_only_by_a_clear_yes() -> None:
    given = [parse_settings({"SALES_EXPORT_PERSONAL_DATA": value}) for value in ("", "0", "1")]
    exported = [each.exports_personal_data for each in given]
    assert exported == [False, False, True]
    with pytest.raises(ValueError, match="must be 1 for yes or 0 for no"):
        parse_settings({"SALES_EXPORT_PERSONAL_DATA": "no"})
