"""The location of `bench.one_day` as in production, but for the warehouse: DuckDB, as stock Dagster's there.

Every process of a run imports this module, as it would `sales_assets.definitions`.
"""

from dataclasses import replace
from unittest.mock import patch

from sales_assets import resources
from sales_assets.settings import Environment

build_executor = resources.build_executor

with patch.object(
    resources,
    "build_executor",
    lambda settings: build_executor(replace(settings, environment=Environment.PROD)),
):
    from sales_assets.definitions import defs

__all__ = ["defs"]
