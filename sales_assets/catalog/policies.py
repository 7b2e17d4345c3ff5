"""What every asset has, in one place: owner, tags, kinds, freshness, code, and when a failed step is retried.

Owner, tags, kinds, freshness and references to the code are added to all assets after composition, so none
can forget them. Retry policies are constants, because a spec cannot carry them. A refusal
(`errors.RefusedError`) and a terminated step are never retried.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import dagster as dg

from sales_assets.catalog.code_references import with_code_references
from sales_assets.catalog.code_versions import with_code_versions
from sales_assets.catalog.names import (
    DOMAIN_TAGS,
    FCT_ORDERS_KEY,
    LAKE,
    ML,
    OWNER,
    RAW_MARKETPLACE_ORDERS_KEY,
    SALES_FORECAST_KEY,
)
from sales_assets.catalog.partitions import DAILY
from sales_assets.private_apis.interruptions import RetryUnlessTerminated
from sales_assets.settings import Settings, settings

LAPTOP = RetryUnlessTerminated(max_retries=1, delay=2, jitter=dg.Jitter.FULL)
"""One retry after at most two seconds: a person is watching."""

EXTRACTION = (
    RetryUnlessTerminated(
        max_retries=5, delay=60, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
    )
    if settings().runs_unattended
    else LAPTOP
)
"""Retries after 1, 3, 7, 15 and 31 minutes, plus or minus one each: an hour, an ERP's maintenance window."""

TRANSFORMATION = (
    RetryUnlessTerminated(
        max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
    )
    if settings().runs_unattended
    else LAPTOP
)
"""Retries after 30 and 90 seconds, plus or minus 30 each: failures that last longer need a person."""


AFTER_GOLD = dg.AutomationCondition.eager().ignore(
    dg.AssetSelection.assets(FCT_ORDERS_KEY, SALES_FORECAST_KEY)
)
"""Once per run that built marts that are read, and when no run is building them.

Without `fct_orders` and `sales_forecast`, which `eager()` would wait for until they have every day and week.
"""

READY_HOUR = 8
READY_CRON = f"0 {READY_HOUR} * * *"
"""When yesterday has to be in the marts, in the business time zone."""

EVERY_MORNING = dg.FreshnessPolicy.cron(READY_CRON, timedelta(hours=READY_HOUR), DAILY.timezone)
"""Built between midnight and then. Whether yesterday is in it says the check `yesterday_is_complete`."""

EVERY_FEW_DAYS = dg.FreshnessPolicy.time_window(timedelta(days=7), warn_window=timedelta(days=3))
"""Files of others: a weekend and one more day of silence is a warning."""

EVERY_WEEK = dg.FreshnessPolicy.time_window(timedelta(days=15), warn_window=timedelta(days=8))
"""Models and what they publish: one Monday without is a warning."""

EVERY_DAY = dg.FreshnessPolicy.time_window(timedelta(days=3), warn_window=timedelta(hours=36))
"""Airbyte's syncs, whose schedule is Airbyte's; and what is published after gold, if it is at all."""


def with_policies(settings: Settings, assets: Iterable[dg.AssetsDefinition]) -> Sequence[dg.AssetsDefinition]:
    """The assets with owner, tags, kinds, freshness policy, code version and references to their code.

    Args:
        settings: Their warehouse engine is one of the kinds.
        assets: Every asset of the location.
    """

    def apply(spec: dg.AssetSpec) -> dg.AssetSpec:
        is_pandas = not spec.kinds & {"dbt", "airbyte"}
        stored = {str(settings.warehouse), *(["pandas"] if is_pandas else [])}
        kinds = spec.kinds if spec.group_name == LAKE else spec.kinds | stored
        spec = spec.replace_attributes(owners=[OWNER], kinds=kinds, freshness_policy=find_freshness(spec))
        return spec.merge_attributes(tags=DOMAIN_TAGS)

    return with_code_references(settings, with_code_versions(dg.map_asset_specs(apply, assets)))


def find_freshness(spec: dg.AssetSpec) -> dg.FreshnessPolicy:
    """Find how often an asset has to be built."""
    if spec.key == RAW_MARKETPLACE_ORDERS_KEY:
        return EVERY_FEW_DAYS
    if spec.group_name == ML:
        return EVERY_WEEK
    return EVERY_DAY if spec.kinds & {"airbyte", "iceberg"} else EVERY_MORNING
