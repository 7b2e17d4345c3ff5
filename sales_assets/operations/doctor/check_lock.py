"""Checks the lock of the DuckDB file: that no run holds it which has ended."""

import dagster as dg

from sales_assets.operations.doctor.findings import CheckReport, Finding
from sales_assets.operations.ended_writer import find_ended_writer
from sales_assets.settings import Settings


def check_lock(settings: Settings, instance: dg.DagsterInstance) -> list[Finding]:
    """Report a writer that has ended; nothing else is worth a line.

    Args:
        settings: Name the DuckDB file.
        instance: Has the runs.
    """
    report = CheckReport("Lock")
    if writer := find_ended_writer(settings, instance):
        report.problem(writer.text, writer.remedy)
    return report.findings
