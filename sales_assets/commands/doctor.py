"""`sales-assets doctor`: checks every setting, connection and right; one line each, and what to do."""

from argparse import Namespace
from collections.abc import Iterator, Mapping

import dagster as dg

from sales_assets.commands.console import output_to_log, say
from sales_assets.operations.doctor.findings import Finding
from sales_assets.redaction import redact_settings
from sales_assets.settings import Settings, dagster_home, our_variables, settings


def run(_: Namespace) -> int:
    """Check, and print what was found; the exit code is 1 if something is to be done."""
    variables, faults = {}, 0
    with output_to_log():
        try:
            variables = our_variables()
            findings, all_values = _rounds(settings(), variables), False
        except ValueError as error:  # also of a .env that is no text
            fault = Finding("Settings", str(error), "Correct the variable, or .env.")
            findings, all_values = iter([fault]), True
        for finding in findings:
            faults += not finding.is_well
            # Before it becomes a line: half a secret that a cut has left is not known for one.
            shown = (
                redact_settings(it, variables, all_values=all_values) for it in (finding.text, finding.remedy)
            )
            say(str(Finding(finding.subject, *shown)))
    say(f"\n{faults} thing(s) to do." if faults else "\nAll is well.")
    return 1 if faults else 0


def _rounds(settings: Settings, variables: Mapping[str, str]) -> Iterator[Finding]:
    from sales_assets.operations.doctor.run_checks import rounds, rounds_of_the_instance  # noqa: PLC0415 - may not load

    yield from rounds(settings, variables)
    yield from rounds_of_the_instance(settings, dagster_home(), pools_of)


def pools_of(settings: Settings) -> set[str]:
    """The pools that the assets of an environment are in."""
    from sales_assets.definitions import build_definitions  # noqa: PLC0415 - may not load

    assets = build_definitions(settings).assets or []
    return {each.op.pool for each in assets if isinstance(each, dg.AssetsDefinition) and each.op.pool}
