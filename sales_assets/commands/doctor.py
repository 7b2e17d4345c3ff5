"""`sales-assets doctor`: checks every setting, connection and permission; one line each, with a remedy."""

from argparse import Namespace
from collections.abc import Iterator, Mapping

import dagster as dg

from sales_assets.commands.console import print_line, redirect_output_to_log
from sales_assets.operations.doctor.findings import Finding
from sales_assets.redaction import redact_settings
from sales_assets.settings import Settings, dagster_home, our_variables, settings


def run(_: Namespace) -> int:
    """Run all checks and print the findings; the exit code is 1 if there is a problem."""
    variables: Mapping[str, str] = {}
    problems = 0
    with redirect_output_to_log():
        try:
            variables = our_variables()
            findings = _run_all_checks(settings(), variables)
        except ValueError as error:  # also if .env is not UTF-8
            findings = iter([Finding("Settings", str(error), "Correct the variable, or .env.")])
        for finding in findings:
            if not finding.is_ok:
                problems += 1
            print_line(str(_redact(finding, variables)))
    print_line(f"\n{problems} problem(s) to fix." if problems else "\nNo problems found.")
    return 1 if problems else 0


def find_pools(settings: Settings) -> set[str]:
    """Find the pools of all assets of an environment."""
    from sales_assets.definitions import build_definitions  # noqa: PLC0415 - may fail to load

    assets = build_definitions(settings).assets or []
    return {each.op.pool for each in assets if isinstance(each, dg.AssetsDefinition) and each.op.pool}


def _run_all_checks(settings: Settings, variables: Mapping[str, str]) -> Iterator[Finding]:
    # They may fail to load.
    from sales_assets.monitoring.alerts.check_channels import check_channels  # noqa: PLC0415
    from sales_assets.operations.doctor.run_checks import check_instance, run_checks  # noqa: PLC0415

    yield from run_checks(settings, variables)
    yield from check_channels(settings)
    yield from check_instance(settings, dagster_home(), find_pools)


def _redact(finding: Finding, variables: Mapping[str, str]) -> Finding:
    """Redact a finding before it is cut to one line: a half secret at the cut would not be recognised."""
    text = redact_settings(finding.text, variables)
    remedy = redact_settings(finding.remedy, variables)
    return Finding(finding.subject, text, remedy)
