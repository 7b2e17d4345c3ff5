"""dagster-dbt without sqlglot, until it is asked for column lineage, which this project never does.

sqlglot is 30 MB in every process, and imported together with dagster-dbt.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

_MODULES = ("sqlglot", "sqlglot.expressions", "sqlglot.lineage", "sqlglot.optimizer")
"""The modules from which dagster-dbt imports names."""


@contextmanager
def deferring_sqlglot() -> Iterator[None]:
    """Have imports of sqlglot's names import it at their first use, unless it is imported already."""
    if "sqlglot" in sys.modules:
        yield
        return
    sys.modules.update({name: _StandIn(name) for name in _MODULES})
    try:
        yield
    finally:
        for name in _MODULES:
            del sys.modules[name]


class _StandIn(ModuleType):
    """A module whose names are imported when they are used."""

    def __getattr__(self, name: str) -> "_Deferred":
        if name.startswith("__"):
            raise AttributeError(name)
        return _Deferred(self.__name__, name)


class _Deferred:
    def __init__(self, module: str, name: str):
        self._place = module, name

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._load()(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._load(), name)

    def _load(self) -> Any:
        module, name = self._place
        return getattr(import_module(module), name)
