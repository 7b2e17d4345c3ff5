"""Libraries that another library imports, but this project never asks it for: imported at their first use.

Which ones these are belongs to the modules that import the other library, such as `dagster_snowflake.py`.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any


@contextmanager
def deferring(*modules: str) -> Iterator[None]:
    """Have imports of names from these modules import them at their first use.

    Args:
        modules: A library and those of its modules from which names are imported, the library first. If it is
            imported already, nothing is deferred.
    """
    if modules[0] in sys.modules:
        yield
        return
    sys.modules.update({name: _StandIn(name) for name in modules})
    try:
        yield
    finally:
        for name in modules:
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
