"""Checks dbt's manifest: whether it is as new as the files of the dbt project."""

from sales_assets.dbt.project import measure_manifest_lag
from sales_assets.operations.doctor.findings import CheckReport, Finding
from sales_assets.settings import Settings


def check_manifest(settings: Settings) -> list[Finding]:
    """Report whether the location loads at once, or has dbt parse its project first.

    Args:
        settings: The settings of the deployment.
    """
    report = CheckReport("dbt")
    behind = measure_manifest_lag(settings)
    if behind is not None and behind <= 0:
        report.ok("The manifest is as new as the project's files.")
    else:
        state = "missing" if behind is None else f"{behind / 3600:.1f} h older than the project's files"
        report.ok(f"The manifest is {state}; the next process that loads the location builds it in seconds.")
    return report.findings
