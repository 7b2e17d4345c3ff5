"""A long made-up history: events of reruns, ranges, failures, checks and backfills, written without runs.

It also says, by a model of its own, which runs hold the latest record of something.
"""

import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange
from dagster._core.events import (
    AssetMaterializationPlannedData,
    AssetObservationData,
    DagsterEvent,
    StepMaterializationData,
)
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage

from sales_assets.catalog.names import (
    MONTHLY_REVENUE_KEY,
    NO_DATA_TAG,
    RAW_MARKETPLACE_ORDERS_KEY,
    RAW_ORDERS_KEY,
)
from sales_assets.catalog.partitions import DAILY
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.private_apis.event_log import BatchingSqliteEventLogStorage
from sales_assets.private_apis.storage_files import locate_compute_logs

FIRST = datetime(2025, 6, 1, tzinfo=UTC)
CUTOFF = datetime(2025, 10, 1, tzinfo=UTC)
RUNS = 40
DAYS = DAILY.get_partition_keys(FIRST)[:10]
FAILED_DAY, EMPTY_DAY, *BEGUN_DAYS = DAYS[-4:]
CHECKS = ("agrees_with_the_erp", "yesterday_is_complete")
CHARGES = dg.AssetKey(["payments", "charges"])
_TYPES = dg.DagsterEventType


@dataclass
class History:
    """Writes runs one after the other, and remembers what each is the latest of.

    Attributes:
        instance: Where they are written.
        lineage: The assets of the daily job.
        created: When each run was created.
        holders: The run that holds the latest record of each thing.
        ancestors: Each re-executed run's root.
    """

    instance: dg.DagsterInstance
    lineage: Lineage
    dice: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - made up
    created: dict[str, datetime] = field(default_factory=dict)
    unfinished: set[str] = field(default_factory=set)
    holders: dict[tuple[Any, ...], str] = field(default_factory=dict)
    ancestors: dict[str, str] = field(default_factory=dict)
    now: datetime = FIRST

    def write(self) -> "History":
        """Write all of it."""
        kinds: list[Callable[[], object]] = [self.load] * 3
        kinds += [self.build_marts, self.check, self.load_file, self.sync]
        for number in range(RUNS):
            self.now = FIRST + number * timedelta(days=5)
            self.dice.choice(kinds)()
        self._add_certain_cases()
        return self

    @property
    def removable(self) -> set[str]:
        """The old runs that nothing needs, by the definition and not by a query."""
        stay = {run_id for run_id, created in self.created.items() if created >= CUTOFF} | self.unfinished
        stay |= set(self.holders.values())
        while more := {self.ancestors[run_id] for run_id in stay if run_id in self.ancestors} - stay:
            stay |= more
        return self.created.keys() - stay

    def load(self) -> None:
        """A day or a range: some succeed, some fail in the middle, some are terminated; or an empty day."""
        known = DAYS[:-4]
        first, length = self.dice.randrange(len(known)), self.dice.choice([1, 1, 1, 4])
        days = known[first : first + length]
        status = self.dice.choice(
            [dg.DagsterRunStatus.SUCCESS] * 3 + [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
        )
        assets = self.lineage.daily[self.dice.choice([0, 0, 3]) :]
        backfill = self._request_backfill() if length > 1 else {}
        run_id = self._begin(status, backfill)
        self._store([self._plan(run_id, asset, day) for asset in assets for day in days])
        if RAW_ORDERS_KEY in assets and self.dice.random() < 0.15:
            self._store([self._observe_no_data(run_id, day) for day in days])
            return
        pairs = [(asset, day) for asset in assets for day in days]
        if status is not dg.DagsterRunStatus.SUCCESS:
            pairs = pairs[: self.dice.randrange(len(pairs))]
        self._store([self._materialize(run_id, asset, day) for asset, day in pairs])

    def build_marts(self) -> None:
        """Unpartitioned assets, sometimes without success, sometimes as a retry of an earlier run."""
        assets = self.lineage.unpartitioned[: self.dice.randrange(2, 5)]
        earlier = self.dice.choice([*self.created, ""])
        root = self.ancestors.get(earlier, earlier)
        tags = {"dagster/root_run_id": root, "dagster/parent_run_id": earlier} if earlier else {}
        failed = self.dice.random() < 0.3
        run_id = self._begin(dg.DagsterRunStatus.FAILURE if failed else dg.DagsterRunStatus.SUCCESS, tags)
        if earlier:
            self.ancestors[run_id] = root
        self._store([self._plan(run_id, asset, None) for asset in assets])
        self._store([self._materialize(run_id, asset, None) for asset in assets[: 1 if failed else None]])

    def check(self) -> None:
        """A check that passes, fails, or whose run dies before it says which."""
        name, outcome = self.dice.choice(CHECKS), self.dice.choice(["SUCCEEDED", "FAILED", "PLANNED"])
        died = outcome == "PLANNED"
        run_id = self._begin(dg.DagsterRunStatus.FAILURE if died else dg.DagsterRunStatus.SUCCESS)
        asset = self.lineage.unpartitioned[0]
        planned = dg.AssetCheckKey(asset, name)
        self._store_check(run_id, _TYPES.ASSET_CHECK_EVALUATION_PLANNED, planned, None)
        if not died:
            self._store_check(run_id, _TYPES.ASSET_CHECK_EVALUATION, planned, outcome == "SUCCEEDED")
        self.holders["check", name, outcome] = run_id

    def load_file(self, name: str = "", tags: dict[str, str] | None = None) -> str:
        """A new version of one of a few files, or of a file; returns the run."""
        name = name or f"file-{self.dice.randrange(3)}.csv"
        run_id = self._begin(dg.DagsterRunStatus.SUCCESS, tags)
        self._store([self._plan(run_id, RAW_MARKETPLACE_ORDERS_KEY, name)])
        self._store([self._materialize(run_id, RAW_MARKETPLACE_ORDERS_KEY, name)])
        return run_id

    def sync(self) -> None:
        """What no run reports: a sync that Airbyte started, and that an asset is fresh or late."""
        self._store([self._materialize("", CHARGES, None)])
        state = self.dice.choice([FreshnessState.PASS, FreshnessState.FAIL])
        change = FreshnessStateChange(
            key=CHARGES,
            previous_state=FreshnessState.UNKNOWN,
            new_state=state,
            state_change_timestamp=self.now.timestamp(),
        )
        event = DagsterEvent(_TYPES.FRESHNESS_STATE_CHANGE.value, "", event_specific_data=change)
        self.instance.event_log_storage.store_event(self._enter("", event))

    def _add_certain_cases(self) -> None:
        """Old runs that one rule alone keeps: a failure, an empty day, unfinished runs, an ancestor.

        And the approvals of two months, which belong to no run.
        """
        self.now = FIRST
        failed = self._begin(dg.DagsterRunStatus.FAILURE)
        self._store([self._plan(failed, asset, FAILED_DAY) for asset in self.lineage.daily])
        empty = self._begin(dg.DagsterRunStatus.SUCCESS)
        self._store([self._observe_no_data(empty, EMPTY_DAY)])
        for status, day in zip(
            (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.NOT_STARTED), BEGUN_DAYS, strict=True
        ):
            run_id = self._begin(status)
            self._store([self._plan(run_id, RAW_ORDERS_KEY, day)])
            self.unfinished.add(run_id)
        for month in ("2025-01", "2025-02"):
            self._store([self._approve(month)])
        root = self.load_file("again.csv")
        self.now = CUTOFF
        retry = self.load_file("again.csv", {"dagster/root_run_id": root, "dagster/parent_run_id": root})
        self.ancestors[retry] = root

    def _begin(self, status: dg.DagsterRunStatus, tags: dict[str, str] | None = None) -> str:
        storage = self.instance.run_storage
        assert isinstance(storage, SqlRunStorage)
        run = dg.DagsterRun("made_up", status=status, tags=tags or {})
        storage.add_historical_run(run, self.now.replace(tzinfo=None))
        self.created[run.run_id] = self.now
        self._copy_empty_file(run.run_id)
        if logs := locate_compute_logs(self.instance):
            write(logs / run.run_id / "compute_logs" / "step.out")
        return run.run_id

    def _copy_empty_file(self, run_id: str) -> None:
        """Give a run its file of events on SQLite; to let Dagster create each takes a second."""
        events = self.instance.event_log_storage
        if isinstance(events, SqliteEventLogStorage):
            with events.run_connection("empty"):
                pass
            shutil.copy(events.path_for_shard("empty"), events.path_for_shard(run_id))
            events._initialized_dbs.add(run_id)

    def _request_backfill(self) -> dict[str, str]:
        id_ = f"bf{len(self.created)}"
        self.instance.add_backfill(
            PartitionBackfill(
                id_,
                BulkActionStatus.COMPLETED_SUCCESS,
                from_failure=False,
                tags={"why": "a test"},
                backfill_timestamp=self.now.timestamp(),
                asset_selection=self.lineage.daily,
                backfill_end_timestamp=self.now.timestamp() + 60,
            )
        )
        return {"dagster/backfill": id_}

    def _plan(self, run_id: str, asset: dg.AssetKey, partition: str | None) -> dg.EventLogEntry:
        data = AssetMaterializationPlannedData(asset, partition=partition)
        self.holders[_TYPES.ASSET_MATERIALIZATION_PLANNED, asset, partition] = run_id
        step = asset.to_python_identifier()
        event = DagsterEvent.build_asset_materialization_planned_event("made_up", step, data)
        return self._enter(run_id, event)

    def _materialize(self, run_id: str, asset: dg.AssetKey, partition: str | None) -> dg.EventLogEntry:
        data = StepMaterializationData(dg.AssetMaterialization(asset, partition=partition, tags={"a": "b"}))
        self.holders[_TYPES.ASSET_MATERIALIZATION, asset, partition] = run_id
        event = DagsterEvent(_TYPES.ASSET_MATERIALIZATION.value, "made_up", event_specific_data=data)
        return self._enter(run_id, event)

    def _observe_no_data(self, run_id: str, day: str) -> dg.EventLogEntry:
        observation = dg.AssetObservation(RAW_ORDERS_KEY, partition=day, metadata={NO_DATA_TAG: True})
        self.holders[_TYPES.ASSET_OBSERVATION, RAW_ORDERS_KEY, day] = run_id
        data = AssetObservationData(observation)
        event = DagsterEvent(_TYPES.ASSET_OBSERVATION.value, "made_up", event_specific_data=data)
        return self._enter(run_id, event)

    def _approve(self, month: str) -> dg.EventLogEntry:
        entry = {"sales/approval": "approved", "subject": month, "content": "1.00", "reason": "", "by": "Ada"}
        data = AssetObservationData(dg.AssetObservation(MONTHLY_REVENUE_KEY, metadata=entry))
        event = DagsterEvent(_TYPES.ASSET_OBSERVATION.value, "", event_specific_data=data)
        return self._enter("", event)

    def _store_check(self, run_id: str, type_: Any, key: dg.AssetCheckKey, passed: bool | None) -> None:
        data: Any = AssetCheckEvaluationPlanned(asset_key=key.asset_key, check_name=key.name)
        if passed is not None:
            data = dg.AssetCheckEvaluation(
                asset_key=key.asset_key, check_name=key.name, passed=passed, metadata={"days": 1}
            )
        event = DagsterEvent(type_.value, "made_up", event_specific_data=data, step_key="check")
        self.instance.event_log_storage.store_event(self._enter(run_id, event))
        self.holders[type_, key.asset_key, None] = run_id

    def _enter(self, run_id: str, event: DagsterEvent) -> dg.EventLogEntry:
        return dg.EventLogEntry(  # type: ignore[no-untyped-call]
            error_info=None,
            level=20,
            user_message="",
            run_id=run_id,
            timestamp=self.now.timestamp(),
            job_name="made_up",
            dagster_event=event,
        )

    def _store(self, entries: Sequence[dg.EventLogEntry]) -> None:
        storage = self.instance.event_log_storage
        is_planned = bool(entries) and entries[0].dagster_event_type is _TYPES.ASSET_MATERIALIZATION_PLANNED
        if isinstance(storage, BatchingSqliteEventLogStorage) or not is_planned:
            if entries:
                storage.store_event_batch(entries)
            return
        for entry in entries:
            storage.store_event(entry)


def write(path: Path, text: str = "made up\n") -> Path:
    """Write a file and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
