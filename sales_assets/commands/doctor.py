"""`make doctor`: looks at every setting, connection and right; one line each, and what to do."""

import sys
from collections.abc import Iterator, Mapping

from sales_assets.commands.console import quietly, say
from sales_assets.doctor.findings import Finding
from sales_assets.doctor.masking import masked
from sales_assets.settings import Settings, dagster_home, given, settings


def main(arguments: list[str]) -> int:
    """Look, and say; the exit code is 1 if something is to be done."""
    if arguments:
        say("Usage: python -m sales_assets.commands.doctor")
        return 2
    variables, faults = {}, 0
    with quietly():
        try:
            variables = given()
            findings, all_values = _rounds(settings(), variables), False
        except ValueError as error:  # also of a .env that is no text
            fault = Finding("Settings", str(error), "Correct the variable, or .env.")
            findings, all_values = iter([fault]), True
        for finding in findings:
            faults += not finding.is_well
            # Before it becomes a line: half a secret that a cut has left is not known for one.
            shown = (masked(it, variables, all_values=all_values) for it in (finding.text, finding.remedy))
            say(str(Finding(finding.subject, *shown)))
    say(f"\n{faults} thing(s) to do." if faults else "\nAll is well.")
    return 1 if faults else 0


def _rounds(settings: Settings, variables: Mapping[str, str]) -> Iterator[Finding]:
    from sales_assets.doctor.rounds import rounds, rounds_of_the_instance  # noqa: PLC0415 - may not load

    yield from rounds(settings, variables)
    yield from rounds_of_the_instance(settings, dagster_home())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
