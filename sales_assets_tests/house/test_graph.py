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


def test_every_asset_has_a_description_an_owner_kinds_tags_and_columns() -> None:
    for node in defs.get_repository_def().asset_graph.asset_nodes:
        name = node.key.to_user_string()
        assert node.description, name
        assert node.owners, name
        assert node.kinds, name
        assert node.tags.get("domain") == "sales", name
        assert "dagster/column_schema" in node.metadata, name
