"""The graph is a reviewed artefact, and no asset lacks what every asset has."""

import re
from typing import Any

import dagster as dg
import pytest

from sales_assets.catalog.names import PERSONAL_DATA_TAG
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
    assert [name for name, text in descriptions.items() if "If " not in text] == []
    assert descriptions["not_null_fct_orders_order_id"].startswith("order_id is never null. If it fails,")
    assert descriptions["gold_has_the_orders_of_silver"].startswith("fct_orders has number and amount")


def is_file(node: Any) -> bool:
    """Whether an asset is files, which have no columns."""
    return bool({"json", "html", "parquet"} & set(node.kinds))


def test_every_asset_has_a_description_an_owner_kinds_tags_and_every_table_its_columns() -> None:
    for node in defs.get_repository_def().asset_graph.asset_nodes:
        name = node.key.to_user_string()
        assert node.description, name
        assert node.owners, name
        assert node.kinds, name
        assert node.freshness_policy, name
        assert node.tags.get("domain") == "sales", name
        assert "dagster/column_schema" in node.metadata or is_file(node), name


def test_columns_of_personal_data_carry_the_tag_in_every_table() -> None:
    tagged: list[str] = []
    untagged: list[str] = []
    for node in defs.get_repository_def().asset_graph.asset_nodes:
        if is_file(node):
            continue
        for column in node.metadata["dagster/column_schema"].columns:
            if column.name in ("email", "first_name", "last_name", "customer_email"):
                found = tagged if PERSONAL_DATA_TAG in column.tags else untagged
                found.append(f"{node.key.to_user_string()}.{column.name}")
    assert untagged == []
    assert {"crm/contacts.email", "gold/dim_customers.email", "raw_customers.email"} <= set(tagged)


def test_every_job_schedule_and_sensor_says_when_it_runs_and_what_to_do_if_it_fails() -> None:
    repository = defs.get_repository_def()
    jobs = [job for job in repository.get_all_jobs() if not job.name.startswith("__")]
    every: list[Any] = [*jobs, *repository.schedule_defs, *repository.sensor_defs]
    described = {each.name: each.description or "" for each in every}
    when = re.compile("daily at|on (?:Sun|Mon)days at|every|when you launch it|after|for each")
    assert [name for name, text in described.items() if not when.search(text) or "If " not in text] == []


def test_the_ui_can_show_all_metadata_of_the_assets() -> None:
    shown = (str, int, float, bool, dg.MetadataValue, dg.TableSchema)
    nodes = defs.get_repository_def().asset_graph.asset_nodes
    objects = {
        name for node in nodes for name, value in node.metadata.items() if not isinstance(value, shown)
    }
    assert objects == set()
