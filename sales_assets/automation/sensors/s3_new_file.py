"""Follows the marketplaces' bucket: a run for each new version of a file, then one for the marts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg

from sales_assets.automation.jobs import marketplace_marts_job, marketplace_orders_job
from sales_assets.catalog.names import RAW_MARKETPLACE_ORDERS_KEY
from sales_assets.catalog.partitions import MARKETPLACE_FILES, partition_of_file
from sales_assets.settings import Settings
from sales_assets.sources.marketplace.bucket import Bucket, Version
from sales_assets.sources.marketplace.changes import Found, Sweep
from sales_assets.sources.marketplace.s3_resource import MarketplaceS3Resource

INTERVAL_SECONDS = 60

PATIENT_TICKS = 30
"""For so many ticks the marts wait for files that are still being loaded; then they are built anyway."""

PARTITION = "dagster/partition"
"""A request that has this tag needs no look-up whether its partition is there; this tick adds it."""

_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def build_s3_new_file_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor of an environment; on a laptop it is there, but stopped."""
    status = dg.DefaultSensorStatus.RUNNING if settings.runs_unattended else dg.DefaultSensorStatus.STOPPED

    @dg.sensor(
        jobs=[marketplace_orders_job, marketplace_marts_job],
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=status,
    )
    def s3_new_file_sensor(context: dg.SensorEvaluationContext, s3: MarketplaceS3Resource) -> dg.SensorResult:
        """Loads each version of each file once, and has the marts rebuilt once the files have landed."""
        bucket, cursor = s3.files(), Cursor.parsed(context.cursor)
        found = cursor.sweep.look(bucket.page)
        _tell_others(context, bucket, found)
        partitions = [partition_of_file(version.key) for version in found.files]
        requests = [_request(version) for version in found.files] or list(_rebuild(context.instance, cursor))
        return dg.SensorResult(
            run_requests=requests,
            dynamic_partitions_requests=[MARKETPLACE_FILES.build_add_request(partitions)]
            if partitions
            else [],
            skip_reason=None
            if requests
            else dg.SkipReason(f"No new file under {bucket.url(bucket.prefix)}."),
            cursor=cursor.text(),
        )

    return s3_new_file_sensor


@dataclass
class Cursor:
    """What the sensor remembers.

    Attributes:
        sweep: The files that it found.
        built: The last materialization of a file that a rebuild of the marts was asked for.
        waited: For how many ticks the marts have waited.
    """

    sweep: Sweep
    built: int = 0
    waited: int = 0

    @classmethod
    def parsed(cls, text: str | None) -> "Cursor":
        """What `text` gave; at the first tick nothing is known."""
        if not text:
            return cls(Sweep())
        stored: dict[str, Any] = json.loads(text)
        return cls(Sweep.parsed(stored["sweep"]), stored["built"], stored["waited"])

    def text(self) -> str:
        """As Dagster stores it."""
        return json.dumps({"sweep": self.sweep.stored(), "built": self.built, "waited": self.waited})


def _request(version: Version) -> dg.RunRequest:
    """The run of a version; its key is the same at every try, so Dagster itself knows what it launched."""
    partition = partition_of_file(version.key)
    return dg.RunRequest(
        run_key=f"{partition} {version.etag} {version.modified.isoformat()}",
        job_name=marketplace_orders_job.name,
        partition_key=partition,
        tags={PARTITION: partition},
    )


def _rebuild(instance: dg.DagsterInstance, cursor: Cursor) -> Iterator[dg.RunRequest]:
    """One run for all the files that landed since the last one, when no other is under way."""
    landed = instance.fetch_materializations(RAW_MARKETPLACE_ORDERS_KEY, limit=1).records
    if not landed or landed[0].storage_id == cursor.built:
        return
    cursor.waited += 1
    if cursor.waited <= PATIENT_TICKS and _is_loading(instance):
        return
    cursor.built, cursor.waited = landed[0].storage_id, 0
    yield dg.RunRequest(run_key=f"marts {cursor.built}", job_name=marketplace_marts_job.name)


def _is_loading(instance: dg.DagsterInstance) -> bool:
    """Whether a run of a file is queued or running, by the job or from the catalog."""
    of_the_job = dg.RunsFilter(job_name=marketplace_orders_job.name, statuses=_UNDER_WAY)
    if instance.get_run_records(of_the_job, limit=1):
        return True
    others = instance.get_run_records(dg.RunsFilter(statuses=_UNDER_WAY))
    return any(RAW_MARKETPLACE_ORDERS_KEY in (other.dagster_run.asset_selection or ()) for other in others)


def _tell_others(context: dg.SensorEvaluationContext, bucket: Bucket, found: Found) -> None:
    if found.others:
        names = ", ".join(bucket.url(version.key) for version in found.others[:20])
        more = f" and {len(found.others) - 20} more" if len(found.others) > 20 else ""
        context.log.info(f"Left alone, for they are no order files: {names}{more}.")
