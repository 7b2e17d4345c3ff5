"""Planning of runs for missing, failed and stale days: the fewest ranges, separated by their gaps."""

import os
import socket
import subprocess
import sys
import uuid

import dagster as dg
import pandas as pd
import pytest
import yaml

from sales_assets.catalog import records
from sales_assets.catalog.names import FCT_ORDERS_KEY, LOCATION, NO_DATA_TAG, RAW_ORDERS_KEY
from sales_assets.catalog.partitions import window_between
from sales_assets.catalog.records import find_days_without_orders
from sales_assets.definitions import defs
from sales_assets.errors import RefusedError
from sales_assets.operations.repair.gaps import (
    FAILED,
    MISSING,
    OUTDATED,
    STALE,
    find_gaps,
    find_outdated,
    find_stale,
    format_days,
    merge_gaps,
)
from sales_assets.operations.repair.launch import PROCESS_TAG, execute_run, fail_dead_runs
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.operations.repair.planned_runs import PlannedRun, plan_runs, put_unpartitioned_last
from sales_assets.operations.repair.repair_plan import RepairPlan
from sales_assets.settings import ROOT
from sales_assets.warehouse.processes import ProcessIdentity
from sales_assets_tests.support.runs import begin_load

SILVER = dg.AssetKey("silver_enriched_orders")
CUSTOMERS = dg.AssetKey("raw_customers")
DAYS = [f"2025-03-0{day}" for day in range(1, 8)]


@pytest.fixture(scope="module")
def lineage() -> Lineage:
    return Lineage.of_job(defs.resolve_job_def("daily_sales_pipeline"))


def materialize(instance: dg.DagsterInstance, *days: str, assets: list[dg.AssetKey]) -> None:
    for asset in assets:
        for day in days:
            instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=day))


def observe_no_data(instance: dg.DagsterInstance, day: str) -> None:
    instance.report_runless_asset_event(
        dg.AssetObservation(RAW_ORDERS_KEY, partition=day, metadata={NO_DATA_TAG: True})
    )


@dg.job
def some_job() -> None:
    """Nothing to run."""


def test_days_with_gaps_in_the_same_assets_are_one_run_and_others_are_separate(lineage: Lineage) -> None:
    gold = {FCT_ORDERS_KEY: FAILED}
    found = {day: gold for day in DAYS} | {DAYS[3]: {SILVER: FAILED, FCT_ORDERS_KEY: FAILED}}
    runs = plan_runs(found, lineage, None)
    assert [(run.first, run.last) for run in runs] == [
        (DAYS[0], DAYS[2]),
        (DAYS[3], DAYS[3]),
        (DAYS[4], DAYS[6]),
    ]
    assert RAW_ORDERS_KEY not in runs[0].assets
    assert FCT_ORDERS_KEY in runs[0].assets
    assert set(runs[1].assets) == set(lineage.assets)


def test_descendants_of_a_gold_model_are_run_with_it(lineage: Lineage) -> None:
    assert lineage.assets_to_run([FCT_ORDERS_KEY])[0] == FCT_ORDERS_KEY
    assert dg.AssetKey(["gold", "daily_sales"]) in lineage.assets_to_run([FCT_ORDERS_KEY])
    assert dg.AssetKey(["gold", "dim_customers"]) not in lineage.assets_to_run([FCT_ORDERS_KEY])


def test_unpartitioned_assets_run_once_and_last(lineage: Lineage) -> None:
    runs = [PlannedRun(tuple(lineage.assets), day, day) for day in (DAYS[0], DAYS[3])]
    *days, last = put_unpartitioned_last(runs, lineage)
    assert [run.assets for run in days] == [tuple(lineage.daily)] * 2
    assert last == PlannedRun(tuple(lineage.unpartitioned))
    assert put_unpartitioned_last(runs[:1], lineage) == runs[:1]


def test_a_stale_unpartitioned_asset_is_run_even_if_no_run_of_days_includes_it(lineage: Lineage) -> None:
    customers = dg.AssetKey(["gold", "dim_customers"])
    assert put_unpartitioned_last([], lineage, [customers]) == [PlannedRun((customers,))]
    gold = PlannedRun(tuple(lineage.assets_to_run([FCT_ORDERS_KEY])), DAYS[0], DAYS[0])
    assert customers not in gold.assets
    day, last = put_unpartitioned_last([gold], lineage, [customers])
    assert day == PlannedRun((FCT_ORDERS_KEY,), DAYS[0], DAYS[0])
    assert set(last.assets) == {*gold.assets, customers} - {FCT_ORDERS_KEY}


def test_a_day_is_stale_for_the_assets_that_read_a_rematerialized_parent(
    lineage: Lineage, instance: dg.DagsterInstance
) -> None:
    materialize(instance, *DAYS, assets=lineage.daily)
    assert find_stale(instance, lineage, DAYS) == {}
    materialize(instance, DAYS[2], assets=[CUSTOMERS])
    stale_customers = {SILVER: STALE, dg.AssetKey(["staging", "stg_customers"]): STALE}
    assert find_stale(instance, lineage, DAYS) == {DAYS[2]: stale_customers}


def test_days_that_older_code_made_are_outdated_and_those_before_there_were_versions_are_not(
    lineage: Lineage, instance: dg.DagsterInstance
) -> None:
    now = str(lineage.code_version(RAW_ORDERS_KEY))
    for day, version in ((DAYS[0], now), (DAYS[1], "older"), (DAYS[2], None)):
        tags = {"dagster/code_version": version} if version else {}
        instance.report_runless_asset_event(dg.AssetMaterialization(RAW_ORDERS_KEY, partition=day, tags=tags))
    outdated = find_outdated(instance, lineage, DAYS)
    assert outdated == {DAYS[1]: {RAW_ORDERS_KEY: OUTDATED}}
    told = str(RepairPlan(window_between(DAYS[0], DAYS[1]), {}, {}, set(), [], [], outdated=outdated))
    assert "raw_orders               outdated    1 day(s): 2025-03-02" in told
    assert "`make repair OUTDATED=1` plans them too" in told
    assert "nothing to run" in told
    materialize(instance, DAYS[1], assets=[RAW_ORDERS_KEY])
    assert find_outdated(instance, lineage, DAYS) == {}


def test_no_day_is_stale_if_none_is_examined(lineage: Lineage, instance: dg.DagsterInstance) -> None:
    materialize(instance, DAYS[0], assets=lineage.daily)
    materialize(instance, DAYS[0], assets=[CUSTOMERS])
    assert find_stale(instance, lineage, []) == {}


def test_a_failed_run_says_its_sentence_once_and_prints_no_traceback(
    instance: dg.DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    @dg.asset
    def broken() -> None:
        message = "The file is bad."
        raise RefusedError(message)

    lines: list[str] = []
    job = dg.Definitions([broken], jobs=[dg.define_asset_job("one")]).resolve_job_def("one")
    assert not execute_run(PlannedRun((broken.key,)), job, instance, lines.append, "make repair")
    [run] = instance.get_runs()
    assert run.tags["user"] == "make repair"
    assert run.remote_job_origin is not None
    assert run.remote_job_origin.location_name == LOCATION
    printed = capfd.readouterr()
    assert lines == ["     broken                   failed. The file is bad."]
    assert (printed.out, printed.err) == ("", "")


@pytest.mark.parametrize("workspace", ["workspace.yaml", "deploy/dagster/workspace.yaml"])
def test_every_workspace_names_the_location_whose_runs_the_commands_record(workspace: str) -> None:
    [location] = yaml.safe_load((ROOT / workspace).read_text())["load_from"]
    [settings] = location.values()
    assert settings["location_name"] == LOCATION


def test_a_day_without_orders_is_neither_missing_nor_stale(
    lineage: Lineage, instance: dg.DagsterInstance
) -> None:
    materialize(instance, *DAYS[1:], assets=lineage.daily)
    observe_no_data(instance, DAYS[0])
    observe_no_data(instance, DAYS[1])
    materialize(instance, DAYS[1], assets=[CUSTOMERS])
    assert find_gaps(instance, lineage, DAYS)[0] == {}
    assert find_stale(instance, lineage, DAYS) == {}


def test_a_day_that_once_had_no_orders_but_was_loaded_since_is_a_gap(
    lineage: Lineage, instance: dg.DagsterInstance
) -> None:
    observe_no_data(instance, DAYS[0])
    materialize(instance, DAYS[0], assets=[RAW_ORDERS_KEY])
    found, _ = find_gaps(instance, lineage, DAYS[:1])
    assert set(found[DAYS[0]].values()) == {MISSING}
    assert RAW_ORDERS_KEY not in found[DAYS[0]]


def test_a_failed_day_is_a_gap_even_if_it_had_no_orders_before(
    lineage: Lineage, instance: dg.DagsterInstance
) -> None:
    observe_no_data(instance, DAYS[0])
    instance.report_run_failed(begin_load(instance, DAYS[0]))
    found, _ = find_gaps(instance, lineage, DAYS[:1])
    assert (found[DAYS[0]][RAW_ORDERS_KEY], found[DAYS[0]][SILVER]) == (FAILED, MISSING)


def test_a_day_in_progress_is_skipped_whatever_its_gaps(
    lineage: Lineage, instance: dg.DagsterInstance
) -> None:
    begin_load(instance, DAYS[0])
    assert find_gaps(instance, lineage, DAYS[:1]) == ({}, {DAYS[0]})


def test_the_first_of_several_reasons_wins() -> None:
    assert merge_gaps({"d": {SILVER: FAILED}}, {"d": {SILVER: STALE, RAW_ORDERS_KEY: STALE}}) == {
        "d": {SILVER: FAILED, RAW_ORDERS_KEY: STALE}
    }


def test_many_days_are_abbreviated() -> None:
    assert format_days(DAYS) == "2025-03-01 to 2025-03-07"
    assert format_days(DAYS[::2], most=2) == "2025-03-01, 2025-03-03 and 2 more"


def test_the_days_without_orders_are_found_among_those_of_many_years(instance: dg.DagsterInstance) -> None:
    observe_no_data(instance, DAYS[0])
    observe_no_data(instance, DAYS[1])
    years = [str(day.date()) for day in pd.date_range("2025-01-01", "2030-12-31")]
    assert find_days_without_orders(instance, years) == set(DAYS[:2])


def test_observations_are_fetched_page_by_page(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MAX_RECORDS", 2)
    for day in DAYS[:5]:
        observe_no_data(instance, day)
    assert find_days_without_orders(instance, DAYS) == set(DAYS[:5])


def test_other_observations_do_not_mark_a_day_as_without_orders(
    instance: dg.DagsterInstance,
) -> None:
    instance.report_runless_asset_event(dg.AssetObservation(RAW_ORDERS_KEY, partition=DAYS[0]))
    assert find_days_without_orders(instance, DAYS) == set()


def is_failed_as_dead(
    instance: dg.DagsterInstance, process: ProcessIdentity | int, host: str = "", copied: str = ""
) -> bool:
    """Whether a run of this process, recorded but not started, is marked as failed because it died."""
    run_id = str(uuid.uuid4())
    tag = f"{host or socket.gethostname()}:{process}:{copied or run_id}"
    instance.create_run_for_job(some_job, run_id=run_id, tags={PROCESS_TAG: tag})
    fail_dead_runs(instance, lambda _: None)
    run = instance.get_run_by_id(run_id)
    return run is not None and run.status is dg.DagsterRunStatus.FAILURE


def test_a_run_is_marked_as_failed_only_if_its_own_process_on_this_machine_ended(
    instance: dg.DagsterInstance,
) -> None:
    ended = subprocess.Popen([sys.executable, "-V"], stdout=subprocess.DEVNULL)
    ended.wait()
    assert is_failed_as_dead(instance, ended.pid)
    assert not is_failed_as_dead(instance, os.getpid())
    assert not is_failed_as_dead(instance, ProcessIdentity.of_this_process())
    assert not is_failed_as_dead(instance, ended.pid, host="another")
    assert not is_failed_as_dead(instance, ended.pid, copied=str(uuid.uuid4()))


def test_a_zombie_and_a_process_whose_number_was_given_again_do_not_count_as_alive(
    instance: dg.DagsterInstance,
) -> None:
    this = ProcessIdentity.of_this_process()
    assert this.started is not None
    assert is_failed_as_dead(instance, ProcessIdentity(this.number, this.started - 60))
    zombie = subprocess.Popen([sys.executable, "-V"], stdout=subprocess.PIPE)
    assert zombie.stdout is not None
    zombie.stdout.read()
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays a zombie
    assert is_failed_as_dead(instance, zombie.pid)
    zombie.communicate()
