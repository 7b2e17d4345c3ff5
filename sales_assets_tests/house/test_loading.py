"""What loading the location imports: no library that takes long and that only a run or an extra needs."""

import ast
import gc
import logging
import runpy
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from unittest.mock import patch

import pytest
from dagster_dbt import compat
from dbt.artifacts.schemas.results import NodeStatus, TestStatus
from dbt.node_types import REFABLE_NODE_TYPES

from sales_assets.private_apis.dbt_library import without_handlers
from sales_assets.private_apis.deferred_imports import deferring
from sales_assets.private_apis.loading import load_for_good
from sales_assets.settings import ROOT

ONLY_WHERE_IT_IS_USED = (
    *("altair", "apprise", "jinja2", "mlflow", "pyiceberg", "sklearn", "vl_convert"),  # of extras
    *("dbt", "dbt_common"),  # two seconds, for a build
    *("sqlalchemy", "dagster._core.storage.event_log", "dagster._core.storage.runs"),  # half a second
    *("boto3", "botocore.parsers", "dagster_aws"),  # a second
)


def find_file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.exists()), None)


def iterate_statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """What is executed when a module is imported; not what is in functions or only for types."""
    for node in body:
        yield node
        if not isinstance(node, ast.FunctionDef) and not is_for_types(node):
            for block in ("body", "orelse", "handlers", "finalbody"):
                yield from iterate_statements(getattr(node, block, []))


def is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def list_imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in iterate_statements(ast.parse(file.read_text()).body):
        match node:
            case ast.Import(names=names):
                found |= {name.name for name in names}
            case ast.ImportFrom(module=str(module), names=names):
                found |= {module, *(f"{module}.{name.name}" for name in names)}
    return found


def test_loading_the_location_imports_no_library_that_only_a_run_or_an_extra_needs() -> None:
    pending, seen, wrong = ["sales_assets.definitions"], set(), []
    while pending:
        module = pending.pop()
        if module in seen or (file := find_file(module)) is None:
            continue
        seen.add(module)
        imports = list_imports(file)
        dotted = tuple(f"{name}." for name in ONLY_WHERE_IT_IS_USED)
        wrong += [(module, name) for name in imports if f"{name}.".startswith(dotted)]
        pending += [name for name in imports if name.startswith("sales_assets.")]
        pending += [module.rpartition(".")[0]] if "." in module else []
    assert "sales_assets.private_apis.dagster_dbt" in seen
    assert sorted(wrong) == []


def test_dagster_dbt_without_dbt_has_dbts_names_of_what_it_compares() -> None:
    with patch.dict(sys.modules, {"dbt.version": None}):
        without = runpy.run_path(compat.__file__)
    assert without["DBT_PYTHON_VERSION"] is None
    assert without["REFABLE_NODE_TYPES"] == REFABLE_NODE_TYPES
    for theirs in (NodeStatus, TestStatus):
        ours = {member.name: member.value for member in without[theirs.__name__]}
        assert ours == ours | {member.name: member.value for member in theirs}


def test_the_names_of_a_deferred_library_import_it_when_they_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "snow").mkdir()
    (tmp_path / "snow" / "__init__.py").touch()
    (tmp_path / "snow" / "park.py").write_text(
        "class Session:\n    rows = 3\n\n    def read(self): return 5\n"
    )
    (tmp_path / "its_user.py").write_text("from snow import park\nfrom snow.park import Session\n")
    monkeypatch.syspath_prepend(tmp_path)
    with deferring("snow.park"):
        user = import_module("its_user")
    assert "snow.park" not in sys.modules
    assert (user.park.Session.rows, user.Session().read()) == (3, 5)
    with deferring("snow.park"):
        assert import_module("snow.park").Session.rows == 3


def test_a_handler_that_importing_dbt_adds_to_the_root_logger_is_gone_afterwards() -> None:
    root = logging.getLogger()
    before = [*root.handlers]
    with without_handlers():
        root.addHandler(logging.NullHandler())
    assert root.handlers == before


def test_the_garbage_collector_skips_what_is_loaded_for_good_and_works_on_even_after_an_error() -> None:
    with load_for_good():
        assert not gc.isenabled()
        loaded: list[list[int]] = [[]]
    assert gc.isenabled()
    assert all(each is not loaded for each in gc.get_objects())
    with pytest.raises(ImportError), load_for_good():
        raise ImportError
    assert gc.isenabled()
