"""The rules of the house that neither ruff nor import-linter can check."""

import ast
from collections import defaultdict
from collections.abc import Iterator

import pytest
import yaml

from sales_assets import assets
from sales_assets.settings import ROOT

PACKAGE = ROOT / "sales_assets"
TREES = {path: ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}
MARTS = ROOT / "dbt_project" / "models" / "marts"
MAX_ENTRIES = 20
MAX_LINES = 200
MAX_FUNCTION_LINES = 40
MAX_ASSET_LINES = 20
ONE_IN_EACH = {"run"}
"""What every module of a room has under the same name, to be called alike: a command's function."""


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def body_lines(function: ast.FunctionDef) -> int:
    first = function.body[1] if ast.get_docstring(function) and len(function.body) > 1 else function.body[0]
    return (function.end_lineno or 0) - first.lineno + 1


def defined_names(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def test_a_newcomer_sees_all_rooms_at_a_glance() -> None:
    entries = [path for path in PACKAGE.iterdir() if path.name not in ("__init__.py", "__pycache__")]
    assert len(entries) <= MAX_ENTRIES, sorted(path.name for path in entries)


def test_files_and_functions_are_short() -> None:
    long_files = [str(path) for path in TREES if len(path.read_text().splitlines()) > MAX_LINES]
    assert long_files == []
    long_functions = [
        f"{path}:{function.name}"
        for path, tree in TREES.items()
        for function in functions(tree)
        if body_lines(function) > MAX_FUNCTION_LINES
    ]
    assert long_functions == []


def test_no_public_name_has_two_meanings() -> None:
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for path, tree in TREES.items():
        for name in defined_names(tree):
            if not name.startswith("_") and name not in ONE_IN_EACH:
                homes[name].append(str(path.relative_to(PACKAGE)))
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


@pytest.mark.parametrize("name", assets.__all__)
def test_an_asset_has_a_file_of_its_name_and_a_short_body(name: str) -> None:
    [function] = [f for f in functions(TREES[PACKAGE / "assets" / f"{name}.py"]) if f.name == name]
    assert body_lines(function) <= MAX_ASSET_LINES


def test_assets_know_a_warehouse_and_never_an_engine() -> None:
    words = ("duckdb", "snowflake", "is_local", "environment.")
    found = [
        (path.name, word)
        for path in (PACKAGE / "assets").glob("*.py")
        for word in words
        if word in path.read_text().lower()
    ]
    assert found == []


def test_the_table_of_contents_is_short() -> None:
    assert len((PACKAGE / "definitions.py").read_text().splitlines()) <= 80


def test_no_query_is_formatted_outside_the_warehouse() -> None:
    texts = [
        (str(path), "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant)))
        for path, tree in TREES.items()
        if "warehouse" not in path.parts
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
    ]
    queries = ("select ", "insert ", "delete ")
    assert [(path, text) for path, text in texts if text.lstrip().lower().startswith(queries)] == []


def test_every_column_of_a_mart_has_the_type_that_its_contract_needs_and_a_description() -> None:
    models = [
        model
        for file in (MARTS).glob("*/*.yml")
        for model in yaml.safe_load(file.read_text()).get("models", [])
    ]
    files = {path.stem for path in (MARTS).glob("*/*.sql")}
    assert {model["name"] for model in models if model.get("columns")} == files
    lacking = [
        f"{model['name']}.{column['name']}"
        for model in models
        for column in model["columns"]
        if not {"data_type", "description"} <= column.keys()
    ]
    assert lacking == []
