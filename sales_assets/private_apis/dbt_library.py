"""dbt's names, private ones too, imported without the handler that a library of dbt adds to the root logger.

Importing this takes a second and a half, and only a build or a parse needs it: nothing that is imported when
the location is loaded may import it. What is done with the names belongs to the modules that import them.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from sales_assets.private_apis.loading import load_for_good


@contextmanager
def without_handlers() -> Iterator[None]:
    """Keep the root logger as it is; another handler would write each line of our log twice."""
    root = logging.getLogger()
    handlers = [*root.handlers]
    yield
    root.handlers = handlers


with load_for_good(), without_handlers():
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import FACTORY
    from dbt.cli.main import dbtRunner, dbtRunnerResult
    from dbt.clients.jinja import MacroGenerator
    from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
    from dbt.contracts.graph.manifest import Manifest
    from dbt.include.global_project import PROJECT_NAME
    from dbt_common.clients import agate_helper
    from dbt_common.events import event_manager_client
    from dbt_common.events.base_types import BaseEvent, EventLevel, EventMsg
    from dbt_common.events.event_manager import EventManager
    from dbt_common.events.functions import msg_to_dict
    from dbt_common.exceptions import CompilationError

__all__ = [
    "FACTORY",
    "PROJECT_NAME",
    "BaseEvent",
    "CompilationError",
    "DuckDBConnectionManager",
    "EventLevel",
    "EventManager",
    "EventMsg",
    "MacroGenerator",
    "MacroNamespace",
    "MacroNamespaceBuilder",
    "Manifest",
    "agate_helper",
    "dbtRunner",
    "dbtRunnerResult",
    "event_manager_client",
    "msg_to_dict",
]
