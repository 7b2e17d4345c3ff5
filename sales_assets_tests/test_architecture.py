"""The rules of the house, held against the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from sales_assets import assets
from sales_assets.settings import ROOT

PACKAGE = ROOT / "sales_assets"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAX_LINES = 200
MAX_FUNCTION_LINES = 40
MAX_ASSET_LINES = 20

each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef))


def body_lines(function: ast.FunctionDef) -> int:
    first = function.body[1] if ast.get_docstring(function) and len(function.body) > 1 else function.body[0]
    return (function.end_lineno or 0) - first.lineno + 1


@each_module
def test_only_settings_reads_the_environment(path: Path) -> None:
    if path.name != "settings.py":
        names = {
            node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)
        }
        assert not names & {"environ", "getenv", "putenv"}


@each_module
def test_dagsters_private_modules_are_imported_in_one_place(path: Path) -> None:
    if path.parent.name != "dagster_private":
        private = [name for name in imports(path) if "._" in name.removeprefix("sales_assets")]
        assert not private


@pytest.mark.parametrize("path", sorted((PACKAGE / "transforms").glob("*.py")), ids=lambda path: path.stem)
def test_business_logic_imports_no_dagster(path: Path) -> None:
    assert not [name for name in imports(path) if name.startswith("dagster") or ".warehouse" in name]


@pytest.mark.parametrize("path", sorted((PACKAGE / "assets").glob("*.py")), ids=lambda path: path.stem)
def test_assets_know_a_warehouse_and_never_an_engine(path: Path) -> None:
    text = path.read_text().lower()
    assert not [word for word in ("duckdb", "snowflake", "is_local", "environment.") if word in text]


@each_module
def test_a_module_says_what_belongs_in_it(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@each_module
def test_files_and_functions_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_LINES
    assert not [f.name for f in functions(path) if body_lines(f) > MAX_FUNCTION_LINES]


@pytest.mark.parametrize("name", assets.__all__)
def test_an_asset_has_a_file_of_its_name_and_a_short_body(name: str) -> None:
    [function] = [f for f in functions(PACKAGE / "assets" / f"{name}.py") if f.name == name]
    assert body_lines(function) <= MAX_ASSET_LINES


def test_the_table_of_contents_is_short() -> None:
    assert len((PACKAGE / "definitions.py").read_text().splitlines()) <= 80


@each_module
def test_no_query_is_formatted_outside_the_warehouse(path: Path) -> None:
    if "warehouse" not in path.parts:
        formatted = [
            node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.JoinedStr)
        ]
        texts = [
            "".join(part.value for part in node.values if isinstance(part, ast.Constant))
            for node in formatted
        ]
        assert not [
            text for text in texts if text.lstrip().lower().startswith(("select ", "insert ", "delete "))
        ]
