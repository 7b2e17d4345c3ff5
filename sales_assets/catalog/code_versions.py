"""What the rows of an asset are made of, as a hash: days that older code made can be found and made again.

For Python's assets it is the asset's file, its query, its contract, and the business rules that it
imports; comments, docstrings and layout do not count. How rows are stored does not count either. dbt's models
have theirs from the manifest; see `dbt/translator.py`.
"""

import ast
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import dagster as dg

from sales_assets.catalog.contracts import declared_contract

_PACKAGE = Path(__file__).resolve().parents[1]
_ASSETS = _PACKAGE / "assets"
_QUERIES = (_PACKAGE / "sources" / "erp" / "sql", _PACKAGE / "ml" / "sql")
_RULES = ("sales_assets.transforms.", "sales_assets.ml.", "sales_assets.sources.marketplace.")
"""The modules that decide what rows are."""

_SHARED = "sales_assets.assets._"
"""The modules that assets share: their rules count, and how they report and store does not."""

_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
"""Where statements have others."""


def with_code_versions(assets: Sequence[dg.AssetsDefinition]) -> Sequence[dg.AssetsDefinition]:
    """The assets with a code version: all that have a file of their name in `assets/`."""
    return dg.map_asset_specs(_add_version, assets)


def _add_version(spec: dg.AssetSpec) -> dg.AssetSpec:
    name = spec.key.path[-1]
    file = _ASSETS / f"{name}.py"
    if len(spec.key.path) > 1 or not file.exists():
        return spec
    contract = declared_contract(spec.metadata)
    columns = [f"{column.name} {column.type}" for column in contract.columns] if contract else []
    queries = [folder / f"{name}.sql" for folder in _QUERIES]
    sql = [strip_sql(query.read_text()) for query in queries if query.exists()]
    return spec.replace_attributes(code_version=hash_texts([*read_code(file), *sql, *columns]))


def hash_texts(texts: Sequence[str]) -> str:
    """Hash texts whose order matters."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def strip_sql(sql: str) -> str:
    """Return SQL without indentation, empty lines and lines that are comments."""
    lines = [line.strip() for line in sql.splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith("--"))


def read_code(file: Path) -> list[str]:
    """Read a module and the rules that it imports, directly or through others, without comments.

    Args:
        file: The module.
    """
    found: dict[Path, str] = {}
    pending = [file]
    while pending:
        module = pending.pop()
        if module not in found:
            found[module], imported = _parse(module)
            pending += imported
    return [found[module] for module in sorted(found) if module == file or module.parent != _ASSETS]


@cache
def _parse(file: Path) -> tuple[str, list[Path]]:
    tree = ast.parse(file.read_text())
    rules = [path for node in _iterate_statements(tree) for path in _list_rules(node)]
    return ast.unparse(tree), rules


def _iterate_statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Iterate over the statements of a module at every depth, after removing docstrings."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [each for each in node.body if not _is_text(each)] or [ast.Pass()]
        pending += [each for block in _BLOCKS for each in getattr(node, block, ())]
        yield node


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _list_rules(node: ast.AST) -> list[Path]:
    """List the module of rules from which a statement imports: one, or none."""
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith((*_RULES, _SHARED)):
        return [_PACKAGE.joinpath(*str(node.module).split(".")[1:]).with_suffix(".py")]
    return []
