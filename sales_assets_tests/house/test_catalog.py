"""What the catalog shows of every asset."""

from pathlib import Path

import dagster as dg

from sales_assets.assets import raw_orders
from sales_assets.catalog.code_references import with_code_references
from sales_assets.definitions import defs
from sales_assets.settings import ROOT
from sales_assets_tests.support.data_dir import settings_with


def specs() -> list[dg.AssetSpec]:
    return [node.to_asset_spec() for node in defs.get_repository_def().asset_graph.asset_nodes]


def test_every_column_of_our_tables_is_in_the_column_lineage_which_leads_to_the_erp() -> None:
    lineage = {
        spec.key: spec.metadata["dagster/column_lineage"].value.deps_by_column
        for spec in specs()
        if spec.group_name in ("ingestion", "silver", "gold")
        and spec.key.path[-1] != "raw_marketplace_orders"
    }
    assert len(lineage) > 20
    items = "erp/order_items"
    pending, seen = [("gold/daily_sales", "gross_amount")], set()
    while pending:
        asset, column = pending.pop()
        seen.add(f"{asset}.{column}")
        for source in lineage.get(dg.AssetKey.from_user_string(asset), {}).get(column, []):
            pending.append((source.asset_key.to_user_string(), source.column_name))
    assert {
        "silver_enriched_orders.gross_amount",
        "erp/order_items.qty",
        "erp/order_items.unit_price",
    } <= seen
    assert f"{items}.discount" not in seen


def test_every_asset_leads_to_its_file_and_line_and_models_to_their_sql() -> None:
    for spec in specs():
        references = spec.metadata["dagster/code_references"].code_references
        assert [each for each in references if not Path(each.file_path).is_file()] == []
        assert references[-1].line_number > 0
        if "dbt" in spec.kinds:
            assert Path(references[0].file_path).name == f"{spec.key.path[-1]}.sql"


def test_with_the_repositorys_address_the_references_are_links() -> None:
    def link(url: str) -> str:
        settings = settings_with(git_url=url, git_revision="v1")
        [asset] = with_code_references(settings, [raw_orders])
        [reference] = asset.specs_by_key[raw_orders.key].metadata["dagster/code_references"].code_references
        return str(reference.url)

    file = "sales_assets/assets/raw_orders.py"
    lines = (ROOT / file).read_text().splitlines()
    line = 1 + next(at for at, text in enumerate(lines) if text.startswith("@dg.asset"))
    assert link("https://github.com/a/b") == f"https://github.com/a/b/tree/v1/{file}#L{line}"
    assert (
        link("https://gitlab.example.com/a/b") == f"https://gitlab.example.com/a/b/-/tree/v1/{file}#L{line}"
    )
