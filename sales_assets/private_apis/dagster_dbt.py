"""dagster-dbt's names, private ones too, imported without dbt: the rest of the package has them from here.

dagster-dbt imports dbt for the names of a few types, and for a selection of models, which this location does
not make; that takes longer than Dagster itself. Only a build needs dbt: see `dbt_library.py`.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from dagster_shared.libraries import DagsterLibraryRegistry
from packaging.version import Version

from sales_assets.private_apis.deferred_imports import deferring

_SQLGLOT = ("sqlglot", "sqlglot.expressions", "sqlglot.lineage", "sqlglot.optimizer")
"""30 MB in every process, for column lineage."""


@contextmanager
def _without_dbt() -> Iterator[None]:
    """Have imports of dbt fail as if it were not installed, unless it is imported already."""
    if "dbt" in sys.modules:
        yield
        return
    sys.modules["dbt"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["dbt"]


with _without_dbt(), deferring(*_SQLGLOT):
    from dagster_dbt import (
        DagsterDbtTranslator,
        DbtCliInvocation,
        DbtCliResource,
        DbtProject,
        dbt_assets,
    )
    from dagster_dbt.asset_utils import get_subset_selection_for_context
    from dagster_dbt.core import resource as _resource
    from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

__all__ = [
    "DagsterDbtTranslator",
    "DbtCliInvocation",
    "DbtCliResource",
    "DbtCoreCliEventMessage",
    "DbtProject",
    "dbt_assets",
    "get_subset_selection_for_context",
]


def _name_installed_dbt() -> None:
    """Tell dagster-dbt which dbt it would have found; it takes none for dbt Fusion."""
    installed = version("dbt-core")
    _resource.DBT_PYTHON_VERSION = Version(installed)  # type: ignore[attr-defined]
    DagsterLibraryRegistry.register("dbt-core", installed, is_dagster_package=False)
    DagsterLibraryRegistry._libraries.pop("dbt-fusion", None)


_name_installed_dbt()
