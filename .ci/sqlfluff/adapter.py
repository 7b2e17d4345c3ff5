"""dbt's `adapter` for sqlfluff's Jinja templater, which knows no database."""

from collections.abc import Callable


def dispatch(macro_name: str) -> Callable[..., str]:
    """Render a macro that has a variant per database as a function call, without choosing a variant."""
    return lambda *arguments: f"{macro_name}({', '.join(arguments)})"
