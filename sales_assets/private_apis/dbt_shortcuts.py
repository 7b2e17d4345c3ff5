"""Private parts of dbt that repeat the same work for each model and test: replaced by shorter equals.

A build of 20 models and 110 tests spends most of its time in dbt's Python, not in the warehouse: it makes all
macros callable anew for each node and looks each of them up in five dictionaries, builds protobuf messages of
thousands of debug events that nobody reads, and sets up parsers of dates for each answer. What dbt returns,
reports and runs stays the same. How dbt is run is in `dbt/runner.py`.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from sales_assets.private_apis.dbt_library import (
    PROJECT_NAME,
    BaseEvent,
    EventLevel,
    EventManager,
    MacroGenerator,
    MacroNamespace,
    MacroNamespaceBuilder,
    agate_helper,
    event_manager_client,
)

build_type_tester = agate_helper.build_type_tester
build_namespace = MacroNamespaceBuilder.build_namespace
begin_event = BaseEvent.__init__
"""dbt's own, which tests compare with ours."""


@cache
def take_shortcuts(heard: frozenset[str]) -> None:
    """Replace the parts of dbt in this process, once.

    Args:
        heard: The names of the debug events that are read; others are dropped while dbt writes no log.
    """
    event_manager_client.ctx_set_event_manager(_QuietEventManager(heard))
    MacroNamespaceBuilder.build_namespace = build_flat_namespace  # type: ignore[method-assign, assignment]
    agate_helper.build_type_tester = _build_type_tester_once
    BaseEvent.pb_msg = _LateMessage()
    BaseEvent.__init__ = _hold_arguments  # type: ignore[method-assign, assignment]


class _LateMessage:
    """The attribute of an event with its protobuf message, which is built when it is first read."""

    def __get__(self, event: Any, owner: type[BaseEvent] | None = None) -> Any:
        held = vars(event)
        if "_built" not in held:
            args, kwargs = held["_arguments"]
            begin_event(event, *args, **kwargs)
        return held["_built"]

    def __set__(self, event: BaseEvent, message: object) -> None:
        vars(event)["_built"] = message


def _hold_arguments(event: BaseEvent, *args: Any, **kwargs: Any) -> None:
    """Make an event without its message; most are dropped, and building one takes longer than all else."""
    vars(event)["_arguments"] = (args, kwargs)


class _QuietEventManager(EventManager):
    """Drops the debug events that nobody reads before a message is made of them."""

    def __init__(self, heard: Collection[str]) -> None:
        super().__init__()
        self._heard = heard

    def fire_event(self, e: Any, level: EventLevel | None = None, *args: Any, **kwargs: Any) -> None:
        """Report an event, as dbt does, unless it is dropped."""
        is_debug = (level or e.level_tag()) is EventLevel.DEBUG
        if self.loggers or not is_debug or type(e).__name__ in self._heard:
            super().fire_event(e, level, *args, **kwargs)


class _Macro(MacroGenerator):
    """A callable macro, made without dbt's chain of constructors."""

    def __init__(self, macro: Any, context: dict[str, Any], node: Any, stack: Any) -> None:
        self.macro = macro
        self.context = context
        self.node = node
        self.stack = stack


class _FlatNamespace(dict[str, Any], MacroNamespace):
    """The macros that a node can call by name; also by package, as dbt's namespace."""

    def __init__(self, root: Any, local: Any, internal: Any, packages: Any) -> None:
        MacroNamespace.__init__(self, root, local, internal, packages)
        dict.__init__(self, {**internal, PROJECT_NAME: internal, **packages, **root, **local})


def build_flat_namespace(
    builder: Any, macros_by_package: Mapping[str, Mapping[str, Any]], context: dict[str, Any]
) -> MacroNamespace:
    """Make all macros callable in a node's context, as dbt's `build_namespace` does.

    Args:
        builder: dbt's builder, with the node's package and the order of the internal packages.
        macros_by_package: The macros by package and name.
        context: The node's context.
    """
    node, stack = builder.node, builder.thread_ctx
    made = {
        package: {name: _Macro(macro, context, node, stack) for name, macro in macros.items()}
        for package, macros in macros_by_package.items()
    }
    packages = {name: made[name] for name in made if name not in builder.internal_package_names}
    internal: dict[str, Any] = {}
    for name in reversed(builder.internal_package_names_order):
        internal.update(made.get(name, {}))
    local = packages.get(builder.search_package, {})
    return _FlatNamespace(packages.get(builder.root_package, {}), local, internal, packages)


def _build_type_tester_once(
    text_columns: Iterable[str], string_null_values: Iterable[str] | None = ("null", "")
) -> Any:
    nulls = None if string_null_values is None else tuple(string_null_values)
    return _build_type_tester(tuple(text_columns), nulls)


@cache
def _build_type_tester(text_columns: tuple[str, ...], string_null_values: tuple[str, ...] | None) -> Any:
    """Build what guesses the types of an answer's columns; it keeps no state between answers."""
    return build_type_tester(text_columns, string_null_values)
