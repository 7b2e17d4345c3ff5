"""What every asset has, in one place: owner, tags and kinds, and when a failed step is retried.

Owner, tags and kinds are added to all assets after composition, so no asset can forget them. Retry policies
are constants, because a spec cannot carry them. A refusal (`errors.RefusedError`) is never retried.
"""

from collections.abc import Iterable, Sequence

import dagster as dg

from sales_assets.catalog.names import DOMAIN_TAGS, OWNER
from sales_assets.settings import Settings, settings

LAPTOP = dg.RetryPolicy(max_retries=1, delay=2, jitter=dg.Jitter.FULL)
"""One retry after at most two seconds: a person is watching."""

EXTRACTION = (
    dg.RetryPolicy(max_retries=5, delay=60, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
    if settings().runs_unattended
    else LAPTOP
)
"""Retries after 1, 3, 7, 15 and 31 minutes, plus or minus one each: an hour, an ERP's maintenance window."""

TRANSFORMATION = (
    dg.RetryPolicy(max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
    if settings().runs_unattended
    else LAPTOP
)
"""Retries after 30 and 90 seconds, plus or minus 30 each: failures that last longer need a person."""


def with_policies(settings: Settings, assets: Iterable[dg.AssetsDefinition]) -> Sequence[dg.AssetsDefinition]:
    """The assets with owner, tags and kinds.

    Args:
        settings: Their warehouse engine is one of the kinds.
        assets: Every asset of the location.
    """

    def apply(spec: dg.AssetSpec) -> dg.AssetSpec:
        is_pandas = not spec.kinds & {"dbt", "airbyte"}
        kinds = {*spec.kinds, str(settings.warehouse), *(["pandas"] if is_pandas else [])}
        return spec.replace_attributes(owners=[OWNER], kinds=kinds).merge_attributes(tags=DOMAIN_TAGS)

    return dg.map_asset_specs(apply, assets)
