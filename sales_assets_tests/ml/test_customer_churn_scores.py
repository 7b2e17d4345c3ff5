"""The churn scores: made, refused and kept, on a warehouse with made-up customers, some of whom leave."""

import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import numpy as np
import pandas as pd
import pytest

from sales_assets.assets import customer_churn_scores, customer_features
from sales_assets.catalog.contracts import CHURN_SCORES_SCHEMA
from sales_assets.catalog.names import PERSONAL_DATA_TAG
from sales_assets.catalog.weeks import build_week
from sales_assets.definitions import defs
from sales_assets.ml import packages
from sales_assets.ml.churn.examples import choose_churn_weeks, take_share
from sales_assets.ml.churn.model import ALL_INPUTS, ChurnModel, train_churn_model
from sales_assets.ml.model_io_manager import ModelIOManager
from sales_assets.monitoring.alerts.approval_alerts import tell_of_approvals, was_only_held_back
from sales_assets.monitoring.alerts.ended_runs import read_run
from sales_assets.monitoring.alerts.ledger import Ledger
from sales_assets.monitoring.alerts.telling import Telling
from sales_assets.operations.approval.models import approve_model
from sales_assets.operations.repair.gaps import range_tags
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.gold_orders import order, report_days, store_gold
from sales_assets_tests.support.warehouses import WarehouseUnderTest, temporary_duckdb

pytestmark = pytest.mark.slow  # each trains models

FIRST_DAY, LAST_DAY = date(2025, 1, 1), date(2025, 10, 5)
WEEK = "2025-09-29"
JUDGED, TRAINING = "2025-06-30", "2025-03-31"
CUSTOMERS = 3000


def draw_orders() -> list[Any]:
    """Customers come and leave on some day; half of them order about every 5 days, half every 45."""
    random = np.random.default_rng(3)
    days = (LAST_DAY - FIRST_DAY).days
    orders = []
    for customer in range(1, CUSTOMERS + 1):
        gap, comes = random.choice([5, 45]), random.uniform(-2 * days, days)
        leaves = comes + random.exponential(2 * days)
        placed = comes + np.cumsum(random.exponential(gap, 400))
        for day in placed[(placed >= 0) & (placed < min(days, leaves))].astype(int):
            total = round(float(random.uniform(5, 50)), 2)
            orders.append(order(customer, str(FIRST_DAY + timedelta(days=int(day))), total + 1, total))
    return orders


Plant = Callable[..., WarehouseUnderTest]


@pytest.fixture(scope="module")
def with_features(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dg.DagsterInstance]:
    """A warehouse with the features of 27 weeks, and the instance that recorded its days."""
    folder, instance = tmp_path_factory.mktemp("churn"), dg.DagsterInstance.ephemeral()
    report_days(instance, str(FIRST_DAY), str(LAST_DAY))
    with temporary_duckdb(folder) as warehouse:
        store_gold(warehouse, draw_orders())
        warehouse.instance = instance
        assert materialize(warehouse, customer_features, TRAINING, WEEK).success
    return folder / "sales.duckdb", instance


@pytest.fixture(scope="module")
def with_scores(
    with_features: tuple[Path, dg.DagsterInstance], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dg.DagsterInstance]:
    """The same, with the published scores of a week."""
    database, instance = with_features
    folder = tmp_path_factory.mktemp("scores")
    assert materialize(plant_copy(database, instance, folder)(), customer_churn_scores, WEEK).success
    return folder / "sales.duckdb", instance


@pytest.fixture
def plant(with_features: tuple[Path, dg.DagsterInstance], tmp_path: Path) -> Plant:
    """Returns a copy of the warehouse with features, in which something was planted."""
    return plant_copy(*with_features, tmp_path)


def plant_copy(database: Path, instance: dg.DagsterInstance, folder: Path) -> Plant:
    """Copy a warehouse; returns what plants something in the copy."""
    shutil.copy(database, folder / "sales.duckdb")

    def plant(*statements: str) -> WarehouseUnderTest:
        with duckdb.connect(folder / "sales.duckdb") as connection:
            for statement in statements:
                connection.execute(statement)
        with temporary_duckdb(folder) as warehouse:
            warehouse.instance = instance
            return warehouse

    return plant


def materialize(
    warehouse: WarehouseUnderTest, asset: dg.AssetsDefinition, *weeks: str
) -> dg.ExecuteInProcessResult:
    keys: dict[str, Any] = {"partition_key": weeks[0]}
    if len(weeks) > 1:
        keys = {"tags": range_tags(weeks[0], weeks[-1])}
    return dg.materialize(
        [asset],
        resources={"io_manager": warehouse.io_manager, "warehouse": warehouse.reader},
        instance=warehouse.instance,
        raise_on_error=False,
        **keys,
    )


def check(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    [evaluation] = result.get_asset_check_evaluations()
    return evaluation


def read(warehouse: WarehouseUnderTest) -> pd.DataFrame:
    return warehouse.query("select * from ml.customer_churn_scores order by week, customer_id")


def test_a_week_is_scored_by_a_model_that_is_kept_as_numbers_and_twice_is_once(plant: Plant) -> None:
    warehouse = plant()
    result = materialize(warehouse, customer_churn_scores, WEEK)
    assert result.success
    assert check(result).passed, check(result).description
    scores = read(warehouse)
    assert scores.columns.tolist() == ["week", "customer_id", "churn_probability", "model"]
    features = warehouse.query(f"select * from ml.customer_features where week = '{WEEK}'")
    assert scores["customer_id"].tolist() == sorted(features["customer_id"])
    [event] = result.asset_materializations_for_node("customer_churn_scores")
    metadata: dict[str, Any] = {name: value.value for name, value in event.metadata.items()}
    assert (metadata["trained_on"], metadata["judged_on"]) == (TRAINING, JUDGED)
    assert metadata["auc_model"] > metadata["auc_recency_alone"] > 0.5
    assert metadata["brier_model"] < metadata["brier_recency_alone"] < metadata["brier_base_rate"]
    model = ChurnModel(**json.loads(json.dumps(metadata["model"])))
    assert set(scores["model"]) == {model.version}
    predicted = model.predict(features.sort_values("customer_id"))
    assert scores["churn_probability"].tolist() == pytest.approx(predicted.tolist())
    materialize(warehouse, customer_churn_scores, WEEK)
    pd.testing.assert_frame_equal(read(warehouse), scores)


def test_a_model_learns_of_a_bounded_number_of_customers_from_the_first_to_the_last() -> None:
    week = pd.DataFrame({"customer_id": range(250)})
    assert take_share(week, 250) is week
    assert take_share(week, 100)["customer_id"].tolist() == [*range(0, 250, 3)]


SHUFFLED = """
    create table shuffled as
        with rows as (select *, row_number() over (partition by week order by hash(customer_id)) as n
            from ml.customer_features),
        others as (select week, customer_id, row_number() over (partition by week order by customer_id) as n
            from ml.customer_features)
        select rows.* exclude (n) replace (others.customer_id as customer_id)
        from rows join others using (week, n)
"""
FUTURE = """
    update ml.customer_features as features
    set discount_share = {share} * (features.customer_id not in (
        select customer_id from gold.fct_orders as orders
        where orders.order_date >= features.week + 7 and orders.order_date < features.week + 97
    ))::int
    where {where}
"""


@pytest.mark.parametrize(
    ("planted", "reason"),
    [
        (
            [
                SHUFFLED,
                "drop table ml.customer_features",
                "create table ml.customer_features as from shuffled",
            ],
            "By its AUC it is not surely better than the base rate.",
        ),
        ([FUTURE.format(share=1, where="week < '2025-09-01'")], "a feature that knows the future"),
        (
            [FUTURE.format(share=1, where="week < '2025-09-01' and hash(customer_id, week) % 10 < 6")],
            "Its scores have a stability index of",
        ),
    ],
    ids=["noise", "the future", "a part of the future"],
)
def test_noise_and_a_feature_that_knows_the_future_are_refused_and_published_scores_stay(
    with_scores: tuple[Path, dg.DagsterInstance], tmp_path: Path, planted: list[str], reason: str
) -> None:
    warehouse = plant_copy(*with_scores, tmp_path)(*planted)
    before = read(warehouse)
    assert len(before) > 0
    result = materialize(warehouse, customer_churn_scores, WEEK)
    assert (result.success, check(result).passed) == (False, False)
    description = str(check(result).description)
    assert description.startswith("The scores are not published. ")
    assert reason in description
    assert description.endswith(" Scores that were published before stay as they are.")
    assert result.asset_materializations_for_node("customer_churn_scores") == []
    assert "STEP_UP_FOR_RETRY" not in [event.event_type_value for event in result.all_events]
    pd.testing.assert_frame_equal(read(warehouse), before)


def test_a_refused_model_waits_and_its_scores_are_stored_after_a_person_approved_it(
    plant: Plant, tmp_path: Path
) -> None:
    warehouse = plant(FUTURE.format(share=1, where="week < '2025-09-01'"))
    held = materialize(warehouse, customer_churn_scores, WEEK)
    instance = warehouse.instance
    [record] = instance.get_run_records(dg.RunsFilter(run_ids=[held.run_id]))
    assert was_only_held_back(read_run(instance, record))
    telling, ledger = Telling(instance, defs.get_repository_def(), settings_with()), Ledger(since=0)
    [alert] = tell_of_approvals(ledger, telling, 0.0)
    assert alert.title == "The new model of customer_churn_scores waits for approval."
    assert "knows the future" in alert.lines[0]
    models = ModelIOManager(root=str(tmp_path / "models"))
    approve_model(instance, models, "customer_churn_scores", by="Ann", why="It is planted.")
    approved = materialize(warehouse, customer_churn_scores, WEEK)
    assert approved.success
    assert str(check(approved).description).startswith("The model was approved by a person.")
    assert len(read(warehouse)) > 0
    [ended] = tell_of_approvals(ledger, telling, 0.0)
    assert ended.title == "The new model of customer_churn_scores was approved by Ann."


def test_without_the_history_to_learn_from_nothing_is_scored_and_the_run_only_warns(plant: Plant) -> None:
    warehouse = plant(f"delete from ml.customer_features where week = '{JUDGED}'")
    result = materialize(warehouse, customer_churn_scores, WEEK)
    assert result.success
    assert (check(result).passed, check(result).severity) == (False, dg.AssetCheckSeverity.WARN)
    assert str(check(result).description).startswith(
        "Nothing was scored: a model for the week of 2025-09-29 needs the stored features of the weeks 13 and"
    )
    warehouse = plant("delete from ml.customer_features")
    failed = materialize(warehouse, customer_churn_scores, WEEK).failure_data_for_node(
        "customer_churn_scores"
    )
    assert failed is not None
    assert "needs the features of the week of 2025-09-29, which are not stored." in str(failed.error)


def test_without_the_extra_one_sentence_says_what_to_install(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda _: None)
    failed = materialize(plant(), customer_churn_scores, WEEK).failure_data_for_node("customer_churn_scores")
    assert failed is not None
    assert "pip install 'sales_assets[ml]'" in str(
        failed.user_failure_data and failed.user_failure_data.description
    )


def test_no_week_to_learn_from_has_an_outcome_that_the_judging_weeks_features_could_know() -> None:
    stored = {str(date(2025, 1, 6) + timedelta(weeks=number)) for number in range(80)}
    weeks = choose_churn_weeks(build_week("2026-03-30"), stored)
    assert weeks is not None
    outcome = timedelta(days=90)
    assert len(weeks.training) == 6
    assert weeks.training[-1].day_after + outcome <= weeks.judged.day_after
    assert weeks.outcome_days[1] <= build_week("2026-03-30").day_after
    assert choose_churn_weeks(build_week("2025-06-30"), stored) is None


def test_scores_have_no_personal_data_and_a_model_is_the_same_whatever_the_order_of_columns(
    plant: Plant,
) -> None:
    assert [column.name for column in CHURN_SCORES_SCHEMA.columns if PERSONAL_DATA_TAG in column.tags] == []
    features = plant().query(
        f"select * from ml.customer_features where week = '{TRAINING}' order by customer_id"
    )
    examples = features.assign(churned=features["recency_days"] + features["customer_id"] % 40 > 40)
    model = train_churn_model(examples, ALL_INPUTS)
    assert train_churn_model(examples[sorted(map(str, examples))], ALL_INPUTS).to_json() == model.to_json()
    # Calibrated: the mean of the probabilities is the share of those who churned.
    assert model.predict(features).mean() == pytest.approx(examples["churned"].mean(), abs=0.01)
