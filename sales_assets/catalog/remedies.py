"""How errors say which run mends days: one wording, for whoever names days that were not stored."""

from collections.abc import Iterable


def format_rerun(days: Iterable[str]) -> str:
    """The commands that run some days from `raw_orders` on, as the end of a sentence."""
    first, *_, last = sorted(days) * 2
    return f"with `make repair RUN=1` or `make backfill FROM={first} TO={last}`"


def format_approval(what: str) -> str:
    """The sentence that says how to publish what is held back."""
    return f'Publish it with `sales-assets approve {what} --why "…"` or `approve_job`.'
