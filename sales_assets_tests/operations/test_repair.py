"""The repair: from what is found to a warehouse that is complete, on real components."""

from pathlib import Path

import dagster as dg
import pytest

from sales_assets.catalog.names import FCT_ORDERS_KEY, RAW_ORDERS_KEY
from sales_assets.catalog.partitions import window_between
from sales_assets.operations.repair.launch import carry_out
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.operations.repair.repair_plan import Repair, plan_repair
from sales_assets.settings import Settings
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.pipeline import DAYS, ORDER_TABLES, Pipeline

pytestmark = pytest.mark.slow

BAD = DAYS[1]


class Repaired(Pipeline):
    """A pipeline that can be repaired."""

    def repair(self) -> tuple[bool, list[str]]:
        """Carry out the plan; whether it succeeded, and its runs: their days, and where they began."""
        before = {run.run_id for run in self.instance.get_runs()}
        failed = carry_out(self.planned().parts, self.job, self.instance, lambda _: None)
        runs = [run for run in self.instance.get_runs() if run.run_id not in before]
        return failed == 0, [named(run) for run in reversed(runs)]

    def planned(self) -> Repair:
        """What is found, and the plan."""
        resources = {"postgres_erp": self.erp.resource, "warehouse": self.warehouse}
        window = window_between(DAYS[0], DAYS[-1])
        return plan_repair(window, Lineage(self.job), self.instance, **resources, at_most=None)


def named(run: dg.DagsterRun) -> str:
    tags = run.tags
    first = tags.get("dagster/partition") or tags.get("dagster/asset_partition_range_start", "all")
    last = tags.get("dagster/asset_partition_range_end", first)
    return f"{first}..{last} from {'the ERP' if RAW_ORDERS_KEY in (run.asset_selection or ()) else 'gold'}"


@pytest.fixture(autouse=True)
def _erp_url(erp: Erp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_POSTGRES_URL", erp.url)


@pytest.fixture
def pipeline(erp: Erp, tmp_path: Path) -> Repaired:
    for number, day in enumerate(DAYS, start=1):
        erp.order(number, f"{day} 10:00+00")
    return Repaired(erp, Settings(duckdb_path=tmp_path / "sales.duckdb", has_erp_url=True))


def test_the_good_days_of_a_range_with_a_bad_one_are_carried_on_into_gold(pipeline: Repaired) -> None:
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


def test_orders_that_were_deleted_in_the_erp_are_found_and_their_day_is_run_again(pipeline: Repaired) -> None:
    pipeline.erp.order(9, f"{BAD} 11:00+00")
    assert pipeline.run().success
    pipeline.erp.run("delete from orders where id = 9")
    assert pipeline.repair() == (True, [f"{BAD}..{BAD} from the ERP"])
    assert pipeline.totals(BAD)["gold.daily_sales"] == (1, "10.0000")


def test_a_day_whose_orders_are_all_gone_is_left_alone(pipeline: Repaired) -> None:
    assert pipeline.run().success
    pipeline.erp.run("delete from orders where id = 2")
    assert f"no order of them any more: {BAD}" in str(pipeline.planned())
    assert pipeline.repair() == (True, [])
    assert pipeline.totals(BAD)["gold.daily_sales"] == (1, "10.0000")


def test_marts_that_are_older_than_their_orders_are_made_again_alone(pipeline: Repaired) -> None:
    assert pipeline.run().success
    daily = [dg.AssetKey(["staging", "stg_orders"]), FCT_ORDERS_KEY]
    assert pipeline.run(asset_selection=daily, partition_key=BAD).success
    assert pipeline.repair() == (True, ["all..all from gold"])
