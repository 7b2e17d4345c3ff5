"""What every asset has, said once: owner, tags and kinds, and when a failed step is tried again.

Owner, tags and kinds are added to all assets after composition, so no asset can forget them. Retry policies
are constants, because a spec cannot carry them. A refusal (`errors.RefusedError`) is never retried.
"""

from collections.abc import Callable, Iterable, Sequence

import dagster as dg

from sales_assets.catalog.names import DOMAIN_TAGS, OWNER
from sales_assets.settings import Settings, settings

LAPTOP = dg.RetryPolicy(max_retries=1, delay=2, jitter=dg.Jitter.FULL)
"""One more try after at most two seconds: somebody is watching."""

EXTRACTION = (
    dg.RetryPolicy(max_retries=5, delay=60, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
    if settings().runs_unattended
    else LAPTOP
)
"""After 1, 3, 7, 15 and 31 minutes, each give or take one: an hour in all, an ERP's maintenance window."""

TRANSFORMATION = (
    dg.RetryPolicy(max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
    if settings().runs_unattended
    else LAPTOP
)
"""After 30 and 90 seconds, each give or take 30: what fails here for longer is not a matter of waiting."""


def with_policy(settings: Settings, assets: Iterable[dg.AssetsDefinition]) -> Sequence[dg.AssetsDefinition]:
    """The assets with owner, tags and kinds.

    Args:
        settings: Decide which engine the tables are in.
        assets: Every asset of the location.
    """
    return dg.map_asset_specs(_policy(settings.warehouse), assets)


def _policy(engine: str) -> Callable[[dg.AssetSpec], dg.AssetSpec]:
    def apply(spec: dg.AssetSpec) -> dg.AssetSpec:
        by_others = spec.kinds & {"dbt", "airbyte"}
        kinds = {*spec.kinds, engine} if by_others else {*spec.kinds, engine, "pandas"}
        return spec.replace_attributes(owners=[OWNER], kinds=kinds).merge_attributes(tags=DOMAIN_TAGS)

    return apply
