"""The graph is a reviewed artefact, and no asset lacks what every asset has."""

import pytest

from sales_assets.definitions import defs
from sales_assets.settings import Environment
from sales_assets_tests.graph import snapshot, text


@pytest.mark.parametrize("environment", list(Environment))
def test_the_graph_is_the_one_that_was_reviewed(environment: Environment) -> None:
    message = (
        "The graph changed. If you mean it: python -m sales_assets_tests.graph, and commit the difference."
    )
    assert text(environment) == snapshot(environment).read_text(), message


def test_every_check_says_what_it_asserts_and_what_to_do() -> None:
    graph = defs.get_repository_def().asset_graph
    descriptions = {key.name: graph.get(key).description or "" for key in graph.asset_check_keys}
    assert [name for name, text in descriptions.items() if "." not in text or len(text) < 40] == []
    assert descriptions["not_null_fct_orders_order_id"].startswith("order_id is never null. If it fails,")
    assert descriptions["gold_has_the_orders_of_silver"].startswith("fct_orders has number and amount")


def test_every_asset_has_a_description_an_owner_kinds_tags_and_columns() -> None:
    for node in defs.get_repository_def().asset_graph.asset_nodes:
        name = node.key.to_user_string()
        assert node.description, name
        assert node.owners, name
        assert node.kinds, name
        assert node.freshness_policy, name
        assert node.tags.get("domain") == "sales", name
        assert "dagster/column_schema" in node.metadata, name
