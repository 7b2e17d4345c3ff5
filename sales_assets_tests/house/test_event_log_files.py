"""The laptop's event log keeps its files open: nothing is lost by that, and who waits for news gets it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from unittest.mock import Mock

import dagster as dg
import psutil
import pytest
import sqlalchemy
from dagster._core.events import AssetMaterializationPlannedData, StepMaterializationData

from sales_assets.private_apis.event_log import MOST_RUNS_KEPT_OPEN, BatchingSqliteEventLogStorage
from sales_assets.private_apis.event_rows import build_rows

ASSET, RUN = dg.AssetKey("asset"), "a-run"


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[BatchingSqliteEventLogStorage]:
    opened = BatchingSqliteEventLogStorage(str(tmp_path / "runs"))
    yield opened
    opened.dispose()


def materialized(run_id: str = RUN) -> dg.EventLogEntry:
    data = dg.AssetMaterialization(ASSET)
    return dg.EventLogEntry(  # type: ignore[no-untyped-call]
        error_info=None,
        level=10,
        user_message="",
        run_id=run_id,
        timestamp=1_700_000_000.0,
        dagster_event=dg.DagsterEvent(
            dg.DagsterEventType.ASSET_MATERIALIZATION.value,
            "job",
            event_specific_data=StepMaterializationData(data),
        ),
    )


def list_open_files(folder: Path) -> set[str]:
    files = (Path(file.path) for file in psutil.Process().open_files())
    return {file.name for file in files if file.is_relative_to(folder) and file.suffix == ".db"}


def test_what_a_killed_process_stored_is_in_the_files(
    storage: BatchingSqliteEventLogStorage, tmp_path: Path
) -> None:
    storage.store_event(materialized())
    storage.store_event_batch([materialized()])
    left = shutil.copytree(tmp_path / "runs", tmp_path / "left")  # as they are, with all files open
    after = BatchingSqliteEventLogStorage(str(left))
    assert len(after.get_logs_for_run(RUN)) == 2
    assert len(after.fetch_materializations(ASSET, limit=9).records) == 2
    after.dispose()


def test_who_watches_a_run_in_another_process_hears_of_each_event(
    storage: BatchingSqliteEventLogStorage, tmp_path: Path
) -> None:
    storage.store_event(materialized())
    other, heard = BatchingSqliteEventLogStorage(str(tmp_path / "runs")), Event()
    other.watch(RUN, other.get_records_for_run(RUN).cursor, lambda *_: heard.set())
    storage.store_event(materialized())
    assert heard.wait(timeout=30)
    other.dispose()


def test_only_the_index_and_the_last_runs_stay_open_and_none_after_the_end(
    storage: BatchingSqliteEventLogStorage, tmp_path: Path
) -> None:
    runs = [f"run-{number}" for number in range(MOST_RUNS_KEPT_OPEN + 1)]
    for run in runs:
        storage.store_event(materialized(run))
    assert list_open_files(tmp_path) == {"index.db", *(f"{run}.db" for run in runs[1:])}
    storage.wipe()
    assert list_open_files(tmp_path) == {"index.db"}
    storage.dispose()
    assert list_open_files(tmp_path) == set()


def planned(asset: str, day: str | None, timestamp: float, step: str = "step") -> dg.EventLogEntry:
    data = AssetMaterializationPlannedData(dg.AssetKey(asset), partition=day)
    event = dg.DagsterEvent.build_asset_materialization_planned_event("job", step, data)
    return materialized()._replace(timestamp=timestamp, step_key=step, dagster_event=event)


def test_the_rows_of_a_batch_are_dagsters_own_letter_by_letter(
    storage: BatchingSqliteEventLogStorage,
) -> None:
    days = [planned("asset", f"2025-01-{day:02}", 1_700_000_000.0 + day / 7) for day in range(1, 10)]
    others = [planned("other", None, 1.5), planned("other", "2025-01-01", 2.5), planned("other", "d", 2, "x")]
    events = [*days, materialized(), *others, *days[:2]]
    assert build_rows(storage, events) == [storage._event_to_row(event) for event in events]


def evaluated() -> dg.EventLogEntry:
    data = dg.AssetCheckEvaluation(ASSET, "check", passed=True, metadata={})
    event = dg.DagsterEvent(dg.DagsterEventType.ASSET_CHECK_EVALUATION.value, "job", event_specific_data=data)
    return materialized()._replace(dagster_event=event)


def test_the_index_takes_an_evaluated_check_in_one_transaction_or_nothing_of_it(
    storage: BatchingSqliteEventLogStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = dg.AssetCheckKey(ASSET, "check")
    commits: list[sqlalchemy.Connection] = []
    storage.store_event(materialized())
    with storage.index_connection() as connection:
        sqlalchemy.event.listen(connection.engine, "commit", commits.append)
    commits.clear()
    storage.store_event(evaluated())
    assert len(commits) == 1
    assert len(storage.get_asset_check_execution_history(check, limit=9)) == 1
    monkeypatch.setattr(storage, "_update_asset_check_evaluation", Mock(side_effect=OSError("full")))
    with pytest.raises(OSError, match="full"):
        storage.store_event(evaluated())
    storage.store_event(materialized())
    with storage.index_connection() as connection:
        [(events,)] = connection.execute(sqlalchemy.text("select count(*) from event_logs")).all()
    assert events == 3
