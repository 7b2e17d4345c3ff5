"""An asset and a dbt model are added to a copy of the project by the steps in CONTRIBUTING, and no others."""

import re
from pathlib import Path

import pytest

from sales_assets.settings import ROOT
from sales_assets_tests.support.python_process import run_python

pytestmark = pytest.mark.slow

STEPS = (ROOT / "CONTRIBUTING.md").read_text().partition("## Add an asset")[2].partition("## Rules")[0]
NAMES = {"<name>": "stock_levels", "<source>": "shop", "<subject>": "stock", "<model>": "known_products"}

CONTRACT = """

STOCK_LEVELS_SCHEMA = dg.TableSchema(
    columns=[required("day", "DATE", "The business day."), required("sku", "VARCHAR", "The product.")]
)
"""
TRANSFORM = '''"""Lists what is in stock."""

import pandas as pd


def list_products(deliveries: pd.DataFrame) -> pd.DataFrame:
    """Return each product of a day once."""
    return deliveries.drop_duplicates()
'''
ASSET = '''"""Which products are in stock."""

import dagster as dg
import pandas as pd

from sales_assets.catalog.contracts import STOCK_LEVELS_SCHEMA, storage_metadata
from sales_assets.catalog.names import INGESTION
from sales_assets.catalog.partitions import BACKFILL, DAILY
from sales_assets.transforms.stock_levels import list_products


@dg.asset(
    group_name=INGESTION,
    partitions_def=DAILY,
    backfill_policy=BACKFILL,
    metadata=storage_metadata("raw", STOCK_LEVELS_SCHEMA, "day"),
)
def stock_levels(context: dg.AssetExecutionContext) -> pd.DataFrame:
    """Products in stock, by day."""
    return list_products(pd.DataFrame({"day": [context.partition_key], "sku": ["a"]}))
'''
SOURCES = """
version: 2
sources:
  - name: shop
    schema: raw
    description: What the shop knows.
    tables:
      - name: stock_levels
        description: Products in stock, by day.
        config: {meta: {dagster: {asset_key: [stock_levels]}}}
"""
MODEL = """
with levels as (
    select * from {{ source('shop', 'stock_levels') }}
)

select sku from levels
"""
MODEL_YAML = """
version: 2
models:
  - name: known_products
    description: Products that were ever in stock.
    columns: [{name: sku, data_type: varchar, description: The product., data_tests: [not_null]}]
"""
CHECK = """
import sys
import pytest

for name in [name for name in sys.modules if name.startswith("sales_assets_tests")]:
    del sys.modules[name]  # of the project that was copied

from sales_assets.settings import Environment
from sales_assets_tests.graph import graph, snapshot, text
assets = graph(Environment.LOCAL)["assets"]
assert assets["gold/known_products"]["deps"] == ["stock_levels"], assets["gold/known_products"]
snapshot(Environment.LOCAL).write_text(text(Environment.LOCAL))
rules = [f"sales_assets_tests/house/test_{name}.py" for name in ("architecture", "graph", "readme")]
options = ["-n0", "--noconftest", "-p", "no:cacheprovider", "-k", "not staging and not prod"]
sys.exit(pytest.main([*rules, *options]))
"""


def replace_once(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


@pytest.mark.exhaustive
def test_the_documented_steps_add_an_asset_and_a_model_that_keep_the_rules_of_the_house(
    checkout: Path,
) -> None:
    documented = re.findall(r"`((?:sales_assets|dbt_project)/\S+|README\.md)`", STEPS)
    paths = []
    for path in documented:
        for placeholder, name in NAMES.items():
            path = path.replace(placeholder, name)  # noqa: PLW2901
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        paths.append(checkout / path)
    contracts, transform, asset, names, definitions, sources, model, model_yaml, readme = paths
    contracts.write_text(contracts.read_text() + CONTRACT)
    transform.write_text(TRANSFORM)
    asset.write_text(ASSET)
    line = "from sales_assets.assets.silver_enriched_orders"
    replace_once(names, line, f"from sales_assets.assets.stock_levels import stock_levels\n{line}")
    line = '    "silver_enriched_orders",\n'
    replace_once(names, line, f'{line}    "stock_levels",\n')
    line = "        assets.silver_enriched_orders,\n"
    replace_once(definitions, line, f"{line}        assets.stock_levels,\n")
    sources.write_text(SOURCES)
    model.write_text(MODEL)
    model_yaml.write_text(MODEL_YAML)
    line = "| `gold/dim_dates` |"
    replace_once(readme, line, f"| `stock_levels`, `gold/known_products` | | products in stock |\n{line}")
    code, output = run_python("-c", CHECK, checkout=checkout)
    assert code == 0, output
