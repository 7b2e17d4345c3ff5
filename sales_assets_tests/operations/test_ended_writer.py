"""A lock that an ended run still holds is named, with what to do; other locks are not."""

import json
import uuid
from dataclasses import replace

import dagster as dg
import pytest

from sales_assets.errors import RefusedError
from sales_assets.operations.doctor.check_lock import check_lock
from sales_assets.operations.ended_writer import refuse_ended_writer
from sales_assets.private_apis.instance import fail_run
from sales_assets.settings import Settings
from sales_assets.warehouse.file_lock import lock_database
from sales_assets.warehouse.lock_holder import LockHolder, locate_lock, read_holder
from sales_assets.warehouse.processes import ProcessIdentity


@dg.job
def some_job() -> None: ...


def describe(settings: Settings, instance: dg.DagsterInstance) -> str:
    return "".join(str(finding) for finding in check_lock(settings, instance))


def test_a_lock_whose_run_has_ended_is_named_by_the_doctor_and_refused_by_repair(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    run = instance.create_run_for_job(some_job, run_id=str(uuid.uuid4()))
    caller = f"run {run.run_id}, raw_orders"
    number = ProcessIdentity.of_this_process().number
    with lock_database(settings.duckdb_path, exclusive=True, caller=caller):
        assert describe(settings, instance) == ""
        fail_run(instance, run, "test")
        found = describe(settings, instance)
        assert f"held by process {number} ({caller}) since 20" in found
        assert "although the run has ended (FAILURE)" in found
        assert f"End it with `kill {number}`" in found
        with pytest.raises(RefusedError, match=f"run {run.run_id}.*No stored data was changed"):
            refuse_ended_writer(settings, instance)
    assert describe(settings, instance) == ""
    refuse_ended_writer(settings, instance)


def test_a_lock_that_an_ended_process_left_to_a_child_is_named(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    database = settings.duckdb_path
    with lock_database(database, exclusive=True, caller="a command"):
        assert describe(settings, instance) == ""
        holder = read_holder(database)
        assert holder is not None
        this = ProcessIdentity.of_this_process()
        before = ProcessIdentity(this.number, (this.started or 0) - 60)
        locate_lock(database).write_text(replace(holder, process=before).format())
        assert "a process that it started still has the file open" in describe(settings, instance)
    assert describe(settings, instance) == ""


def test_a_record_that_cannot_be_read_is_nobodys(settings: Settings) -> None:
    path = locate_lock(settings.duckdb_path)
    for text in ("", "process 12, run 1", json.dumps({"process": "12"}), json.dumps([])):
        path.write_text(text)
        assert read_holder(settings.duckdb_path) is None
    path.write_text(LockHolder(ProcessIdentity(12), "run a-1, x", "now").format())
    assert read_holder(settings.duckdb_path) == LockHolder(ProcessIdentity(12), "run a-1, x", "now")
