"""The repair, from the gaps found to a complete warehouse, on real components."""

from functools import cached_property
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.catalog.names import FCT_ORDERS_KEY, RAW_CUSTOMERS_KEY, RAW_ORDERS_KEY
from sales_assets.catalog.partitions import window_between
from sales_assets.operations.repair.gaps import RANGE_END, RANGE_START
from sales_assets.operations.repair.launch import execute_runs
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.operations.repair.repair_plan import RepairPlan, plan_repair
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.pipeline import DAYS, ORDER_TABLES, TO_ANOMALIES, Pipeline
from sales_assets_tests.support.results import failure

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("models_alone")]

BAD = DAYS[1]
SILVER_KEY = dg.AssetKey("silver_enriched_orders")
ORDERS_OF_GOLD = [dg.AssetKey(["staging", "stg_orders"]), FCT_ORDERS_KEY]


class RepairablePipeline(Pipeline):
    """A pipeline with the repair."""

    def repair(self, first: str = DAYS[0], last: str = DAYS[-1]) -> tuple[bool, list[str]]:
        """Execute the plan; returns whether it succeeded, and the days and first table of its runs."""
        before = {run.run_id for run in self.instance.get_runs()}
        failed = execute_runs(self.plan(first, last).runs, self.job, self.instance, lambda _: None, "a test")
        runs = [run for run in self.instance.get_runs() if run.run_id not in before]
        return failed == 0, [describe(run) for run in reversed(runs)]

    def plan(self, first: str = DAYS[0], last: str = DAYS[-1]) -> RepairPlan:
        """Plan the repair of all days, or of some."""
        return plan_repair(
            window_between(first, last),
            Lineage.of_job(self.job),
            self.instance,
            postgres_erp=self.erp.resource,
            warehouse=self.warehouse,
            at_most=None,
        )

    @cached_property
    def freshness_job(self) -> dg.JobDefinition:
        """The job of the check `yesterday_is_complete`."""
        return self.definitions.resolve_job_def("freshness_job")

    def is_complete(self, day: str) -> bool:
        """Whether a single day needs nothing, as the check `yesterday_is_complete` decides."""
        config = {"ops": {"gold__daily_sales_yesterday_is_complete": {"config": {"day": day}}}}
        result = self.freshness_job.execute_in_process(instance=self.instance, run_config=config)
        [evaluation] = result.get_asset_check_evaluations()
        return evaluation.passed


def describe(run: dg.DagsterRun) -> str:
    first = run.tags.get("dagster/partition") or run.tags.get(RANGE_START, "all")
    last = run.tags.get(RANGE_END, first)
    return f"{first}..{last} from {'the ERP' if RAW_ORDERS_KEY in (run.asset_selection or ()) else 'gold'}"


@pytest.fixture(autouse=True)
def _erp_url(erp: Erp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_POSTGRES_URL", erp.url)


@pytest.fixture
def pipeline(erp: Erp, tmp_path: Path) -> RepairablePipeline:
    for number, day in enumerate(DAYS, start=1):
        erp.order(number, f"{day} 10:00+00")
    settings = settings_with(duckdb_path=tmp_path / "sales.duckdb", has_erp_url=True)
    return RepairablePipeline(erp, settings, TO_ANOMALIES)


def test_the_good_days_of_a_range_with_a_bad_one_reach_gold(pipeline: RepairablePipeline) -> None:
    pipeline.erp.order(9, f"{BAD} 11:00+00", items=[(1, "-5.00", None)])
    assert not pipeline.run().success
    succeeded, runs = pipeline.repair()
    assert not succeeded
    assert runs == [
        f"{DAYS[0]}..{DAYS[0]} from gold",
        f"{BAD}..{BAD} from the ERP",
        f"{DAYS[2]}..{DAYS[3]} from gold",
        "all..all from gold",
    ]
    whole = {**dict.fromkeys(ORDER_TABLES, (1, "10.0000")), "gold.daily_sales": (1, "10.0000")}
    assert [pipeline.totals(day) == whole for day in DAYS] == [True, False, True, True]
    pipeline.erp.run("delete from order_items where order_id = 9", "delete from orders where id = 9")
    assert pipeline.repair() == (True, [f"{BAD}..{BAD} from the ERP"])
    assert [pipeline.totals(day) for day in DAYS] == [whole] * 4
    assert pipeline.repair() == (True, [])


@pytest.mark.exhaustive
def test_a_day_that_does_not_fit_the_contract_is_the_only_one_that_is_asked_for_again(
    pipeline: RepairablePipeline,
) -> None:
    erp = pipeline.erp
    erp.run("alter table orders alter column updated_at drop not null")
    try:
        erp.run("update orders set updated_at = null where id = 2")
        assert not pipeline.run().success
        _, runs = pipeline.repair()
        assert runs[0] == f"{DAYS[0]}..{DAYS[0]} from the ERP"
        assert pipeline.repair() == (False, [f"{BAD}..{BAD} from the ERP"])
        erp.run("update orders set updated_at = created_at")
    finally:
        erp.run(
            "update orders set updated_at = created_at where updated_at is null",
            "alter table orders alter column updated_at set not null",
        )
    assert pipeline.repair() == (True, [f"{BAD}..{BAD} from the ERP"])
    assert [pipeline.totals(day)["gold.fct_orders"] for day in DAYS] == [(1, "10.0000")] * 4
    assert pipeline.repair() == (True, [])


def test_a_day_that_was_corrected_in_the_erp_needs_its_orders_again_and_repair_plans_just_that(
    pipeline: RepairablePipeline,
) -> None:
    pipeline.erp.run("update order_items set unit_price = -5 where order_id = 2")
    assert not pipeline.run(partition_key=BAD).success
    pipeline.erp.run("update order_items set unit_price = 10 where order_id = 2")
    failed_steps = [SILVER_KEY, *ORDERS_OF_GOLD]
    again = pipeline.run(partition_key=BAD, asset_selection=failed_steps)
    assert (
        f"run from raw_orders on, with `make repair RUN=1` or `make backfill FROM={BAD} TO={BAD}`"
        in failure(again)
    )
    [planned] = [run for run in pipeline.plan().runs if run.first <= BAD <= run.last]
    assert (planned.first, planned.last) == (BAD, BAD)
    assert planned.assets[:3] == (RAW_CUSTOMERS_KEY, RAW_ORDERS_KEY, SILVER_KEY)
    assert pipeline.repair(BAD, BAD)[0]
    assert pipeline.totals(BAD)["gold.fct_orders"] == (1, "10.0000")


@pytest.mark.exhaustive
def test_deleted_orders_are_run_again_an_empty_day_is_skipped_and_old_marts_are_rebuilt_alone(
    pipeline: RepairablePipeline,
) -> None:
    pipeline.erp.order(9, f"{BAD} 11:00+00")
    assert pipeline.run().success
    assert pipeline.is_complete(BAD)
    assert not pipeline.is_complete("2025-01-20")
    pipeline.erp.run("delete from orders where id = 9")
    assert not pipeline.is_complete(BAD)
    assert pipeline.is_complete(DAYS[0])
    assert pipeline.repair() == (True, [f"{BAD}..{BAD} from the ERP"])
    assert pipeline.totals(BAD)["gold.daily_sales"] == (1, "10.0000")
    assert pipeline.run(asset_selection=ORDERS_OF_GOLD, partition_key=BAD).success
    assert pipeline.repair() == (True, ["all..all from gold"])
    pipeline.erp.run("delete from orders where id = 2")
    assert f"the ERP no longer has orders for {BAD}" in str(pipeline.plan())
    assert not pipeline.is_complete(BAD)
    assert pipeline.repair() == (True, [])
    assert pipeline.totals(BAD)["gold.daily_sales"] == (1, "10.0000")


def test_marts_whose_inputs_were_never_built_are_not_planned(pipeline: RepairablePipeline) -> None:
    pipeline.erp.clear()
    assert pipeline.repair()[0]
    assert pipeline.repair()[0]
    assert pipeline.repair() == (True, [])
    for number, day in enumerate(DAYS, start=1):
        pipeline.erp.order(number, f"{day} 10:00+00")
    assert pipeline.run().success
    assert pipeline.repair() == (True, [])
    assert [pipeline.totals(day)["gold.daily_sales"] for day in DAYS] == [(1, "10.0000")] * 4
