"""Checks that the warehouse was made with the settings in use: time zone, ERP and its currency."""

from collections.abc import Iterable, Mapping

from sales_assets.operations.doctor.findings import CheckReport, Finding
from sales_assets.warehouse.origin import refuse_other_origin


def check_origin(remembered: Iterable[tuple[str, str]], origin: Mapping[str, str]) -> list[Finding]:
    """Compare what the warehouse remembers with the settings.

    Args:
        remembered: Names and contents, as the warehouse has them.
        origin: The settings by name.
    """
    report = CheckReport("Origin")
    with report.catch_errors("Until then every run that stores days is refused."):
        refuse_other_origin(remembered, origin)
        made_with = ", ".join(f"{name}={content}" for name, content in sorted(set(remembered)))
        report.ok(
            f"The warehouse was made with {made_with}."
            if made_with
            else "The first write remembers the settings."
        )
    return report.findings
