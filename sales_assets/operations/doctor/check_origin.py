"""Checks that the warehouse was made with the settings in use: time zone, ERP and its currency."""

from sales_assets.operations.doctor.findings import CheckReport, Finding
from sales_assets.warehouse.engine import Engine
from sales_assets.warehouse.origin import read_origin, refuse_other_origin


def check_origin(engine: Engine) -> list[Finding]:
    """Compare what the warehouse remembers with the settings.

    Args:
        engine: The warehouse, as runs get it.
    """
    report = CheckReport("Origin")
    with report.catch_errors("Until then every run that stores days is refused."):
        remembered = read_origin(engine, "the doctor")
        refuse_other_origin(remembered, engine.origin)
        made_with = ", ".join(f"{name}={content}" for name, content in sorted(set(remembered)))
        report.ok(
            f"The warehouse was made with {made_with}."
            if made_with
            else "The first write remembers the settings."
        )
    return report.findings
