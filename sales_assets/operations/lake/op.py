"""The op of `lake_maintenance_job`."""

from datetime import UTC, datetime, timedelta

import dagster as dg
from pydantic import Field

from sales_assets.warehouse.lake.compaction import compact_files
from sales_assets.warehouse.lake.lake_resource import LakeResource
from sales_assets.warehouse.lake.lake_tables import LAKE_TABLES
from sales_assets.warehouse.lake.upkeep import drop_old_audits, expire_snapshots, remove_orphans

SAFE_HOURS = 24
"""No run publishes for so long: what is younger may belong to one."""


class LakeMaintenanceConfig(dg.Config):
    """How long history is kept."""

    expire_after_days: int = Field(
        default=30, ge=1, description="Snapshots older than so many days can be read no more."
    )
    keep_last: int = Field(
        default=10, ge=1, description="The last publications of each table stay, however old they are."
    )
    orphans_after_hours: int = Field(
        default=72,
        ge=SAFE_HOURS,
        description="Files that no snapshot names are removed at that age; a day or more, for running runs.",
    )


@dg.op
def maintain_lake(context: dg.OpExecutionContext, config: LakeMaintenanceConfig, lake: LakeResource) -> None:
    """Compacts small files of the lake, expires old snapshots, and removes files that no snapshot names.

    If it fails, the tables' latest rows are as they were: fix the cause and launch the job again.
    """
    catalog = lake.open_catalog()
    now = datetime.now(UTC)
    unsafe = now - timedelta(hours=config.orphans_after_hours)
    records = []
    for table in LAKE_TABLES:
        if not catalog.table_exists(table.identifier):
            continue
        compacted = compact_files(lambda name=table.identifier: catalog.load_table(name), table)  # type: ignore[misc]
        opened = catalog.load_table(table.identifier)
        audits = drop_old_audits(opened, unsafe)
        expired = expire_snapshots(opened, now - timedelta(days=config.expire_after_days), config.keep_last)
        orphans = remove_orphans(opened, unsafe)
        won: dict[str, str | int] = {
            "table": table.identifier,
            "files_compacted": compacted.files_before - compacted.files_after,
            "audits_dropped": audits,
            "snapshots_expired": expired,
            "files_removed": orphans.files,
            "bytes_removed": orphans.size,
        }
        context.log.info(", ".join(f"{name} {value}" for name, value in won.items()))
        records.append(dg.TableRecord(won))
    context.add_output_metadata({"won": dg.MetadataValue.table(records)} if records else {})
