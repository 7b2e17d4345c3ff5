"""Where dbt's own work is replaced by less, dbt still finds, guesses and reports the same."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt.context.manifest import ManifestContext
from dbt_common.clients import agate_helper
from dbt_common.events import event_manager_client
from dbt_common.events.base_types import EventLevel
from dbt_common.events.functions import fire_event
from dbt_common.events.types import Note

from sales_assets.dbt.project import PARSED, prepare_project
from sales_assets.dbt.runner import HEARD
from sales_assets.private_apis import dbt_shortcuts
from sales_assets.private_apis.dbt_runner import load_manifest
from sales_assets_tests.support.data_dir import settings_with


@pytest.fixture(scope="module")
def macros() -> dict[str, dict[str, Any]]:
    parsed = Path(prepare_project(settings_with()).target_path) / PARSED
    by_package: dict[str, dict[str, Any]] = load_manifest(parsed).get_macros_by_package()
    return by_package


def named(namespace: MacroNamespace | dict[str, Any]) -> dict[str, Any]:
    """The ids of a namespace's macros by name, those of a package by package and name."""
    return {
        name: named(member) if isinstance(member, dict) else member.macro.unique_id
        for name, member in namespace.items()
    }


@pytest.mark.parametrize("package", ["sales", "dbt", "dbt_duckdb", "another"])
def test_a_node_of_any_package_finds_the_macros_that_dbt_would_give_it(
    macros: dict[str, dict[str, Any]], package: str
) -> None:
    shadowed = next(iter(macros["dbt"].values()))
    given = {**macros, "another": {shadowed.name: SimpleNamespace(**_of_package(shadowed, "another"))}}
    internal, context, stack = ["dbt_duckdb", "dbt"], {"a": "context"}, object()

    def builder() -> Any:
        return MacroNamespaceBuilder("sales", package, cast("Any", stack), internal, None)

    ours: Any = dbt_shortcuts.build_flat_namespace(builder(), given, context)
    theirs: Any = dbt_shortcuts.build_namespace(builder(), given, context)
    assert named(ours) == named(theirs)
    assert len(named(ours)) > 300
    for name in ("dbt", "another", None):
        found = ours.get_from_package(name, shadowed.name)
        assert found.macro is theirs.get_from_package(name, shadowed.name).macro
        assert vars(found) == vars(theirs.get_from_package(name, shadowed.name))


def _of_package(macro: Any, package: str) -> dict[str, str]:
    return {"name": macro.name, "package_name": package, "unique_id": f"macro.{package}.{macro.name}"}


def test_dbt_still_makes_its_namespaces_where_we_replace_them() -> None:
    dbt_shortcuts.take_shortcuts(HEARD)
    assert "build_namespace" in ManifestContext._build_namespace.__code__.co_names
    assert MacroNamespaceBuilder.build_namespace is dbt_shortcuts.build_flat_namespace


def test_dbt_still_guesses_the_types_of_answers_as_it_did() -> None:
    dbt_shortcuts.take_shortcuts(HEARD)
    columns = ["n", "day", "text", "nothing", "yes"]
    rows = [("1", "2025-01-01", "x", None, True), ("2", "2025-01-02", "null", "", False)]
    expected = dbt_shortcuts.build_type_tester(["text"], string_null_values=()).run(rows, columns)
    for _ in range(2):  # the second answer is read with what was kept of the first
        table = agate_helper.table_from_rows(rows, columns, ["text"])
        assert list(map(type, table.column_types)) == list(map(type, expected))
        assert [row["text"] for row in table.rows] == ["x", "null"]


def test_only_debug_events_that_nobody_reads_are_dropped() -> None:
    dbt_shortcuts.take_shortcuts(HEARD)
    manager = event_manager_client.get_event_manager()
    heard: list[str] = []
    manager.callbacks.append(lambda event: heard.append(f"{event.info.name} {event.info.level}"))
    try:
        fire_event(Note(msg="nobody reads this"), level=EventLevel.DEBUG)
        fire_event(Note(msg="an error"), level=EventLevel.ERROR)
    finally:
        manager.callbacks.pop()
    assert heard == ["Note error"]


def test_the_message_of_an_event_is_dbts_and_built_only_when_it_is_read() -> None:
    dbt_shortcuts.take_shortcuts(HEARD)
    note: Any = Note(msg=3)
    assert "_built" not in vars(note)
    built = Note(msg=3)
    dbt_shortcuts.begin_event(built, msg=3)
    assert vars(built)["_built"] == note.pb_msg
    assert (note.msg, note.to_dict()) == ("3", {"msg": "3"})
    note.msg = "changed"
    assert note.message() == "changed"
    with pytest.raises(Exception, match="Unable to parse logging event"):
        _ = Note(unknown=1).pb_msg
