"""Looks at what dbt made of its project: a manifest that is as new as the project's files."""

from sales_assets.dbt.project import measure_manifest_lag
from sales_assets.operations.doctor.findings import Finding, Notes
from sales_assets.settings import Settings


def look_at_the_manifest(settings: Settings) -> list[Finding]:
    """Say whether the location loads at once, or has dbt parse its project first.

    Args:
        settings: Of the deployment.
    """
    notes = Notes("dbt")
    behind = measure_manifest_lag(settings)
    if behind is not None and behind <= 0:
        notes.well("The manifest is as new as the project's files.")
    else:
        how = "missing" if behind is None else f"{behind / 3600:.1f} h older than the project's files"
        notes.well(f"The manifest is {how}; the next process that loads the location makes it in seconds.")
    return notes.findings
