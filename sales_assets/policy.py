"""What every asset has, said once and laid over all of them: owner, tags, the engine's kind.

A decorator stays short, and no asset can forget. Retries cannot be laid over; they are in `retries.py`.
"""

from collections.abc import Callable, Iterable, Sequence

import dagster as dg

from sales_assets.settings import Settings
from sales_assets.taxonomy import DOMAIN_TAGS, OWNER


def with_policy(settings: Settings, assets: Iterable[dg.AssetsDefinition]) -> Sequence[dg.AssetsDefinition]:
    """The assets with owner, tags and kinds.

    Args:
        settings: Decide which engine the tables are in.
        assets: Every asset of the location.
    """
    engine = "duckdb" if settings.is_local else "snowflake"
    return dg.map_asset_specs(_policy(engine), assets)


def _policy(engine: str) -> Callable[[dg.AssetSpec], dg.AssetSpec]:
    def apply(spec: dg.AssetSpec) -> dg.AssetSpec:
        by_others = spec.kinds & {"dbt", "airbyte"}
        kinds = {*spec.kinds, engine} if by_others else {*spec.kinds, engine, "pandas"}
        return spec.replace_attributes(owners=[OWNER], kinds=kinds).merge_attributes(tags=DOMAIN_TAGS)

    return apply
