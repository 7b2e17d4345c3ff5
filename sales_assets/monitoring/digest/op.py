"""The op of `digest_job`: reads the figures of a day, and records their text as an observation.

That it is told, once, is the alerts' sensor's: it sees that the run ended.
"""

from datetime import date, timedelta
from importlib.resources import files

import dagster as dg
from pydantic import Field

from sales_assets.catalog.names import DAILY_SALES_KEY, DIGEST, FCT_ORDERS_KEY
from sales_assets.catalog.partitions import DAILY, window_between
from sales_assets.catalog.records import MAX_RECORDS
from sales_assets.monitoring.digest.text import (
    describe_anomalies,
    describe_sales,
    describe_stored_again,
    list_rejected,
)
from sales_assets.operations.repair.gaps import format_days
from sales_assets.warehouse.engine import WarehouseReader

_SQL = files("sales_assets.monitoring.digest") / "sql"
_TABLES = (_SQL / "tables.sql").read_text()
_SALES = (_SQL / "sales.sql").read_text()
_REJECTED = (_SQL / "rejected.sql").read_text()
_ANOMALIES = (_SQL / "anomalies.sql").read_text()

_WEEK = timedelta(days=7)


class DigestConfig(dg.Config):
    """The day to describe."""

    day: str | None = Field(default=None, description="The business day. Default: yesterday.")


@dg.op
def write_digest(
    context: dg.OpExecutionContext, config: DigestConfig, warehouse: dg.ResourceParam[WarehouseReader]
) -> None:
    """Records the digest of yesterday at `gold/daily_sales`; `alerts_sensor` tells it, once for each day.

    If it fails, `sales-assets doctor` says whether the warehouse can be read; then launch the job again.
    """
    day = config.day or str(DAILY.get_last_partition_key())
    window_between(day, day)  # refuses what is no business day
    lines = [*read_figures(warehouse, date.fromisoformat(day)), *_find_stored_again(context.instance, day)]
    text = dg.MetadataValue.md("\n\n".join(lines))
    context.log_event(dg.AssetObservation(DAILY_SALES_KEY, metadata={"day": day, DIGEST: text}))


def read_figures(warehouse: WarehouseReader, day: date) -> list[str]:
    """Read sales by channel, against the week before, anomalies and rejected orders; of tables that exist.

    Args:
        warehouse: Has gold and raw.
        day: The business day.

    Returns:
        Lines of text.
    """
    before = day - _WEEK
    bounds = [bound.replace(tzinfo=None) for bound in window_between(str(day), str(day)).bounds]
    lines = []
    with warehouse.connect() as reader:
        tables = set(reader.query(_TABLES)["name"])
        if "daily_sales" in tables:
            lines += describe_sales(reader.query(_SALES, [day, day, before, before, day, before]))
        if "sales_anomalies" in tables:
            lines += describe_anomalies(reader.query(_ANOMALIES, [day]))
        if "rejected_orders" in tables:
            lines += list_rejected(reader.query(_REJECTED, bounds))
    return lines or ["Gold has no tables yet."]


def _find_stored_again(instance: dg.DagsterInstance, day: str) -> list[str]:
    """Which earlier days were stored in gold since the day ended."""
    since = window_between(day, day).end
    wanted = dg.AssetRecordsFilter(asset_key=FCT_ORDERS_KEY, after_timestamp=since.timestamp())
    records = instance.fetch_materializations(wanted, limit=MAX_RECORDS).records
    days = {str(record.partition_key) for record in records if record.partition_key} - {day}
    return describe_stored_again(format_days(days))
