"""The model's way: trained, kept as data, published or held back, approved, compared with what came."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pytest

from sales_assets import assets
from sales_assets.catalog.approvals import find_held_back
from sales_assets.catalog.contracts import COLUMN_SCHEMA
from sales_assets.catalog.names import FORECAST_MODEL_KEY, SLICE_COLUMN
from sales_assets.checks import forecast_keeps_its_promise, model_beats_the_baselines
from sales_assets.definitions import defs
from sales_assets.errors import RefusedError
from sales_assets.ml import packages, queries
from sales_assets.ml.artefact import Artefact, decode_artefact, encode_artefact
from sales_assets.ml.holidays import build_holidays
from sales_assets.ml.model_io_manager import ModelIOManager, ModelStore
from sales_assets.ml.series import TOTAL
from sales_assets.ml.training import forecast_with_model, train_model
from sales_assets.monitoring.alerts.approval_alerts import tell_of_approvals, was_only_held_back
from sales_assets.monitoring.alerts.check_alerts import tell_of_checks
from sales_assets.monitoring.alerts.ended_runs import read_run
from sales_assets.monitoring.alerts.ledger import Ledger
from sales_assets.monitoring.alerts.telling import Telling
from sales_assets.operations.approval.models import approve_model
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.revenue import LAST_DAY, made_up_revenue, shuffle_days
from sales_assets_tests.support.s3 import S3
from sales_assets_tests.support.warehouses import (
    T,
    WarehouseUnderTest,
    fake_snowflake,
    rows,
    temporary_duckdb,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("files_stay_open")]  # each trains models

REVENUE = made_up_revenue(330)


@pytest.fixture(scope="module")
def model() -> Artefact:
    return train_model(REVENUE, "code", None)


@pytest.fixture(scope="module")
def refused() -> Artefact:
    return train_model(shuffle_days(REVENUE), "code", None)


class Location:
    """The assets of the forecast and their checks, over revenue that is made up."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch):
        self.models = ModelIOManager(root=str(folder / "models"))
        self._instance, self._monkeypatch = instance, monkeypatch
        self._warehouse = temporary_duckdb(folder).__enter__()
        duckdb.connect(str(folder / "sales.duckdb")).close()

    def run(self, trained: Artefact, *, with_plot: bool = False) -> dg.ExecuteInProcessResult:
        """Run the job, as if a model had been trained that tests have trained already."""
        asset = import_module("sales_assets.assets.forecast_model")
        self._monkeypatch.setattr("sales_assets.ml.model_metadata.can_draw", lambda: with_plot)
        self._monkeypatch.setattr(asset, "read_revenue_by_day", lambda _: REVENUE)
        self._monkeypatch.setattr(asset, "train_model", lambda *_: trained)
        return dg.materialize(
            [
                assets.forecast_model,
                assets.sales_forecast,
                model_beats_the_baselines,
                forecast_keeps_its_promise,
            ],
            resources={
                "io_manager": self._warehouse.io_manager,
                "warehouse": self._warehouse.reader,
                "model_io_manager": self.models,
            },
            instance=self._instance,
            raise_on_error=False,
        )

    def stored(self) -> pd.DataFrame:
        return self._warehouse.query("select * from gold.sales_forecast order by forecast_date, day, segment")


@pytest.fixture
def location(tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Location:
    return Location(tmp_path, instance, monkeypatch)


def test_the_same_data_and_code_give_the_same_bytes_from_which_the_same_forecast_comes(
    model: Artefact,
) -> None:
    content = encode_artefact(model)
    no_holidays = build_holidays(pd.DataFrame({"day": [], "name": []}))
    again = train_model(REVENUE.sample(frac=1, random_state=1), "code", None, no_holidays)
    assert encode_artefact(again) == content
    read = decode_artefact(content)
    assert read.version == model.version != replace(model, code_version="other").version
    pd.testing.assert_frame_equal(forecast_with_model(read), forecast_with_model(model))
    assert json.loads(content)["champion"] == model.champion


def test_a_damaged_model_is_refused_with_a_sentence() -> None:
    for content in (b"", b"{}", b"[1]", b"\x80\x04cposix\nsystem\n"):
        with pytest.raises(RefusedError, match=r"cannot be read.*No stored data was changed"):
            decode_artefact(content)


def test_the_forecast_has_28_days_in_bands_and_its_segments_add_up_to_the_last_digit(model: Artefact) -> None:
    forecast = forecast_with_model(model)
    assert forecast.groupby("segment").size().to_dict() == dict.fromkeys(model.series, 28)
    assert (
        forecast["day"].min()
        == forecast["forecast_date"].iloc[0]
        == pd.Timestamp(LAST_DAY) + pd.Timedelta("1D")
    )
    by_day = forecast.pivot_table(index="day", columns="segment", values="forecast")
    assert (by_day.drop(columns=TOTAL).sum(axis=1) - by_day[TOTAL]).abs().max() < 1e-6
    bounds = forecast[["lower_95", "lower_80", "forecast", "upper_80", "upper_95"]]
    assert (bounds.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)


def test_a_refused_model_is_kept_and_the_published_one_stays_in_a_folder_and_in_s3(
    model: Artefact, refused: Artefact, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.variables.items():
        monkeypatch.setenv(name, value)
    for root in (str(tmp_path), f"s3://{s3.bucket}/models"):
        store = ModelStore(root, "forecast_model")
        assert store.read_published() is store.read_latest() is None
        store.write(model)
        store.write(refused)
        assert store.read_published() == decode_artefact(encode_artefact(model))
        latest = store.read_latest()
        assert latest is not None
        assert (latest.version, bool(latest.refusals)) == (refused.version, True)


def test_what_is_refused_changes_no_forecast_until_a_person_approves_it(
    location: Location, instance: dg.DagsterInstance, model: Artefact, refused: Artefact
) -> None:
    assert location.run(model).success
    assert location.run(model).success
    before = location.stored()
    assert len(before) == 28 * 4

    held = location.run(refused)
    assert not held.success
    [evaluation] = held.get_asset_check_evaluations()
    assert not evaluation.passed
    assert "is not published" in str(evaluation.description)
    assert "approve forecast_model" in str(evaluation.description)
    pd.testing.assert_frame_equal(location.stored(), before)

    assert [*find_held_back(instance, FORECAST_MODEL_KEY)] == ["forecast_model"]
    telling, ledger = Telling(instance, defs.get_repository_def(), settings_with()), Ledger(since=0)
    [alert] = tell_of_approvals(ledger, telling, 0.0)
    assert alert.title == "The new forecast_model waits for approval."
    assert refused.refusals[0] in alert.lines[0]
    assert "sales-assets approve forecast_model" in alert.lines[-1]
    [record] = instance.get_run_records(dg.RunsFilter(run_ids=[held.run_id]))
    assert was_only_held_back(read_run(instance, record))
    assert tell_of_checks(read_run(instance, record), ledger, telling) == []
    assert not location.run(refused).success
    assert tell_of_approvals(ledger, telling, 0.0) == []
    approve_model(instance, location.models, "forecast_model", by="Ann", why="a new shop")
    published = location.models.open(FORECAST_MODEL_KEY).read_published()
    assert published is not None
    assert published.version == refused.version
    assert location.run(refused).success
    assert find_held_back(instance, FORECAST_MODEL_KEY) == {}
    [ended] = tell_of_approvals(ledger, telling, 0.0)
    assert ended.title == "The new forecast_model was approved by Ann."
    assert location.stored()["model"].unique().tolist() == [f"{refused.champion} {refused.version}"]


def test_a_forecast_of_another_day_stays(location: Location, model: Artefact) -> None:
    days = pd.date_range(model.first_day, model.last_day)
    earlier = replace(
        model,
        last_day=f"{days[-8]:%Y-%m-%d}",
        series={name: values[:-7] for name, values in model.series.items()},
    )
    assert location.run(earlier).success
    first = location.stored()
    assert location.run(model).success
    both = location.stored()
    assert both["forecast_date"].nunique() == 2
    pd.testing.assert_frame_equal(both.head(len(first)), first)


def test_the_catalog_shows_who_competed_the_odd_days_and_a_plot(location: Location, model: Artefact) -> None:
    result = location.run(model, with_plot=True)
    [materialization] = result.asset_materializations_for_node("forecast_model")
    shown: dict[str, Any] = {name: value.value for name, value in materialization.metadata.items()}
    assert all(
        name in shown["candidates"] for name in ("seasonal_naive", "weekday_mean", "ridge", "boosting")
    )
    assert "330 days: 0 missing" in shown["history"]
    assert shown["plot"].startswith("![Revenue and its forecast](data:image/svg+xml")
    assert shown["verdict"] == "It is published."


def test_without_the_extra_the_assets_say_what_to_install(
    location: Location, model: Artefact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda _: None)
    with pytest.raises(RefusedError, match=r"forecast_model needs the extra `ml`.*sales_assets\[ml\]"):
        packages.require_ml_packages("forecast_model")
    assert not location.run(model).success


@pytest.mark.parametrize(("wape", "passed"), [(0.05, True), (0.9, False)])
def test_a_forecast_that_errs_more_than_in_its_worst_month_is_a_warning(
    wape: float, passed: bool, location: Location, model: Artefact, monkeypatch: pytest.MonkeyPatch
) -> None:
    location.run(model)
    accuracy = pd.DataFrame(
        {
            "forecast_date": [pd.Timestamp("2026-11-01")],
            "model": [f"{model.champion} {model.version}"],
            "day_count": [20],
            "wape": [wape],
        }
    )
    check = import_module("sales_assets.checks.forecast_keeps_its_promise")
    monkeypatch.setattr(check, "has_table", lambda *_: True)
    monkeypatch.setattr(check, "read_forecast_accuracy", lambda _: accuracy)
    evaluations = location.run(model).get_asset_check_evaluations()
    [evaluation] = [each for each in evaluations if each.check_name == "forecast_keeps_its_promise"]
    assert evaluation.passed is passed
    assert evaluation.severity is dg.AssetCheckSeverity.WARN


@pytest.mark.parametrize("engine", [temporary_duckdb, fake_snowflake])
def test_a_write_without_partitions_replaces_the_values_of_its_slice_column_and_no_others(
    engine: Callable[[Path], AbstractContextManager[WarehouseUnderTest]], tmp_path: Path
) -> None:
    def store(frame: pd.DataFrame) -> Any:
        @dg.asset(name="t", metadata={"schema": "raw", COLUMN_SCHEMA: T, SLICE_COLUMN: "name"})
        def stored() -> pd.DataFrame:
            return frame

        return warehouse.materialize(stored, raise_on_error=False)

    with engine(tmp_path) as warehouse:
        store(rows(1, 2, name="a"))
        store(rows(3, name="b"))
        store(rows(4, name="a"))
        assert warehouse.column("select id from raw.t order by id") == [3, 4]
        assert not store(rows(name="a")).success
        assert warehouse.column("select id from raw.t order by id") == [3, 4]


def test_revenue_is_summed_in_the_warehouse(tmp_path: Path) -> None:
    with temporary_duckdb(tmp_path) as warehouse:
        orders = pd.DataFrame(
            {
                "order_date": pd.to_datetime(["2025-01-01", "2025-01-01", "2025-01-02"]).date,
                "segment": ["a", None, "a"],
                "total_amount": [1.5, 2.0, 4.0],
            }
        )

        @dg.asset(name="fct_orders", key_prefix="gold", metadata={"schema": "gold"})
        def stored() -> pd.DataFrame:
            return orders

        warehouse.materialize(stored)
        read = queries.read_revenue_by_day(warehouse.reader)
    assert read[["segment", "revenue"]].values.tolist() == [["a", 1.5], ["unknown", 2.0], ["a", 4.0]]
