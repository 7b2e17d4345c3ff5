"""The code versions: what makes stored days outdated, and what does not."""

import json
from pathlib import Path

import pytest

from sales_assets.catalog.code_versions import read_code, strip_sql
from sales_assets.dbt.model_versions import hash_model
from sales_assets.dbt.project import prepare_project
from sales_assets.settings import ROOT
from sales_assets_tests.support.data_dir import settings_with

ASSETS = ROOT / "sales_assets" / "assets"


@pytest.mark.parametrize(
    ("asset", "rules"),
    [
        ("raw_orders", ["def is_sale", "def refuse_unstorable_amounts", "def refuse_unstorable_timestamps"]),
        ("raw_customers", ["def refuse_duplicate_customers"]),
        ("silver_enriched_orders", ["def enrich", "def refuse_negative_amounts"]),
        ("customer_churn_scores", ["def judge_churn_model", "def train_churn_model"]),
        ("customer_features", ["def compute_features"]),
        ("raw_marketplace_orders", ["def parse_order_lines", "def parse_money", "def read_order_lines"]),
    ],
)
def test_an_asset_is_made_of_its_file_and_the_rules_that_it_imports(asset: str, rules: list[str]) -> None:
    code = "\n".join(read_code(ASSETS / f"{asset}.py"))
    assert [rule for rule in [f"def {asset}(", *rules] if rule not in code] == []
    assert "class DailyRun" not in code
    assert "def preview_table" not in code


def test_comments_docstrings_and_layout_do_not_count(tmp_path: Path) -> None:
    texts = (
        '"""One."""\n\n\ndef double(n: int) -> int:\n    """Two."""\n    return n * 2  # three\n',
        "def double(n: int) -> int:\n    return (\n        n * 2\n    )\n",
        "def double(n: int) -> int:\n    return n * 3\n",
    )
    codes = []
    for number, text in enumerate(texts):
        file = tmp_path / f"{number}.py"
        file.write_text(text)
        codes.append(read_code(file))
    assert codes[0] == codes[1] != codes[2]
    assert strip_sql("-- why\n\n  select 1\n") == strip_sql("select 1") != strip_sql("select 2")


def test_a_model_is_made_of_its_sql_its_macros_and_the_views_that_it_reads() -> None:
    manifest = json.loads(prepare_project(settings_with()).manifest_path.read_text())
    models = [id_ for id_, node in manifest["nodes"].items() if node["resource_type"] == "model"]

    before = {model: hash_model(manifest, model) for model in models}

    def outdated_by(kind: str, id_: str, field: str, text: str) -> set[str]:
        node = manifest[kind][id_]
        kept = node[field]
        node[field] = kept + text
        outdated = {model for model in models if hash_model(manifest, model) != before[model]}
        node[field] = kept
        return {model.rpartition(".")[2] for model in outdated}

    def changed_model(name: str, text: str) -> set[str]:
        return outdated_by("nodes", f"model.sales.{name}", "raw_code", text)

    def changed_macro(name: str) -> set[str]:
        return outdated_by("macros", f"macro.sales.{name}", "macro_sql", "\nselect 1")

    assert changed_model("fct_orders", "\nselect 1") == {"fct_orders"}
    assert changed_model("fct_orders", "\n-- a comment\n") == set()
    assert changed_model("stg_orders", "\nselect 1") == {"fct_orders"}
    assert {"daily_sales", "monthly_revenue", "sales_anomalies"} <= changed_macro("erp_currency")
    assert "fct_orders" in changed_macro("default__business_date")
    assert changed_macro("report_build") == changed_macro("recent_rows_of_daily_sales") == set()
    assert hash_model(manifest, "model.sales.stg_orders") is None
