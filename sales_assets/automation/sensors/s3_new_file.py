"""Finds new files in the marketplaces' bucket: requests a run per new version, then one for the marts."""

from collections.abc import Sequence
from dataclasses import replace

import dagster as dg

from sales_assets.automation.jobs import marketplace_marts_job, marketplace_orders_job
from sales_assets.catalog.names import PARTITION_TAG, RAW_MARKETPLACE_ORDERS_KEY
from sales_assets.catalog.partitions import MARKETPLACE_FILES, partition_of_file
from sales_assets.settings import Settings
from sales_assets.sources.marketplace.bucket import Bucket, Version
from sales_assets.sources.marketplace.changes import BucketCursor
from sales_assets.sources.marketplace.s3_resource import MarketplaceS3Resource

PATIENT_TICKS = 30
"""For how many ticks the marts wait for files that are still being loaded; then they are built anyway."""

_INTERVAL_SECONDS = 60
_LOGGED_OBJECTS = 20

_DESCRIPTION = (
    "Loads each version of each marketplace file once, and rebuilds the marts after the files were "
    "loaded; it looks every minute. If a file is refused, upload a corrected one. If a tick fails, the "
    "next one lists the bucket again; `make doctor` says what is wrong with it."
)

_QUEUED_OR_RUNNING = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def build_s3_new_file_sensor(settings: Settings) -> dg.SensorDefinition:
    """Build the sensor of an environment; on a laptop it is registered but stopped."""
    status = dg.DefaultSensorStatus.RUNNING if settings.runs_unattended else dg.DefaultSensorStatus.STOPPED

    @dg.sensor(
        jobs=[marketplace_orders_job, marketplace_marts_job],
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=status,
        description=_DESCRIPTION,
    )
    def s3_new_file_sensor(context: dg.SensorEvaluationContext, s3: MarketplaceS3Resource) -> dg.SensorResult:
        bucket = s3.open_bucket()
        cursor = BucketCursor.from_json(context.cursor) if context.cursor else BucketCursor()
        new, cursor = cursor.new_and_advance(bucket.list_page)
        _log_ignored(context, bucket, new.others)
        partitions = [partition_of_file(version.key) for version in new.files]
        requests = [_build_load_request(version) for version in new.files]
        if not requests:
            requests, cursor = _request_marts(context.instance, cursor)
        return dg.SensorResult(
            run_requests=requests,
            dynamic_partitions_requests=[MARKETPLACE_FILES.build_add_request(partitions)]
            if partitions
            else [],
            skip_reason=None if requests else f"No new file in {bucket.url(bucket.prefix)}.",
            cursor=cursor.to_json(),
        )

    return s3_new_file_sensor


def _build_load_request(version: Version) -> dg.RunRequest:
    """Build the request of a version. Its run key is always the same, so Dagster launches it only once."""
    partition = partition_of_file(version.key)
    return dg.RunRequest(
        run_key=f"{partition} {version.etag} {version.modified.isoformat()}",
        job_name=marketplace_orders_job.name,
        partition_key=partition,
        tags={PARTITION_TAG: partition},  # with it Dagster does not look up what this tick is about to add
    )


def _request_marts(
    instance: dg.DagsterInstance, cursor: BucketCursor
) -> tuple[list[dg.RunRequest], BucketCursor]:
    """Request one run of the marts for all files loaded since the last one, once no load is running."""
    loads = instance.fetch_materializations(RAW_MARKETPLACE_ORDERS_KEY, limit=1).records
    if not loads or loads[0].storage_id == cursor.built:
        return [], cursor
    if cursor.waited < PATIENT_TICKS and _is_loading(instance):
        return [], replace(cursor, waited=cursor.waited + 1)
    latest = loads[0].storage_id
    request = dg.RunRequest(run_key=f"marts {latest}", job_name=marketplace_marts_job.name)
    return [request], replace(cursor, built=latest, waited=0)


def _is_loading(instance: dg.DagsterInstance) -> bool:
    """Return whether a run that loads a file is queued or running, started by the job or from the UI."""
    of_the_job = dg.RunsFilter(job_name=marketplace_orders_job.name, statuses=_QUEUED_OR_RUNNING)
    if instance.get_run_records(of_the_job, limit=1):
        return True
    records = instance.get_run_records(dg.RunsFilter(statuses=_QUEUED_OR_RUNNING))
    return any(RAW_MARKETPLACE_ORDERS_KEY in (each.dagster_run.asset_selection or ()) for each in records)


def _log_ignored(context: dg.SensorEvaluationContext, bucket: Bucket, others: Sequence[Version]) -> None:
    if others:
        urls = ", ".join(bucket.url(version.key) for version in others[:_LOGGED_OBJECTS])
        more = f" and {len(others) - _LOGGED_OBJECTS} more" if len(others) > _LOGGED_OBJECTS else ""
        context.log.info(f"Ignored, not order files: {urls}{more}.")
