"""Looks at what dbt made of its project: a manifest that is as new as the project's files."""

from sales_assets.dbt.project import manifest_age
from sales_assets.doctor.findings import Finding, Notes
from sales_assets.settings import Settings

_MAKE = "Make it where the image is built: python -c 'import sales_assets.definitions'."


def look_at_the_manifest(settings: Settings) -> list[Finding]:
    """Say whether the location loads at once, or has dbt parse its project first.

    Args:
        settings: Of the deployment.
    """
    notes = Notes("dbt")
    behind = manifest_age(settings)
    if behind is not None and behind <= 0:
        notes.well("The manifest is as new as the project's files.")
    elif settings.is_local:
        notes.well("The manifest is missing or old; the next command makes it in seconds.")
    else:
        how = "is missing" if behind is None else f"is {behind / 3600:.1f} h older than the project's files"
        notes.fix(f"The manifest {how}.", _MAKE)
    return notes.findings
