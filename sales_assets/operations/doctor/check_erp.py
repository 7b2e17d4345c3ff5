"""Checks the ERP: it answers, its clock agrees with this machine's, and our role can read but not write."""

from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd

from sales_assets.operations.doctor.findings import CheckReport, Finding
from sales_assets.sources.erp import queries
from sales_assets.sources.erp.postgres import PostgresResource

ERP_TABLES = ["customers", "order_items", "orders"]
MAX_CLOCK_DIFFERENCE_SECONDS = 60.0
"""Late changes are queried by the ERP's clock, so a larger difference delays or hides them."""

_GRANTS = "Run deploy/postgres/grants.sql in the ERP as its owner."


def check_erp(erp: PostgresResource, clock: Callable[[], datetime]) -> list[Finding]:
    """Connect, compare the clocks and query the role's permissions.

    Args:
        erp: The resource that runs use.
        clock: Returns this machine's time, with a time zone.
    """
    report = CheckReport("ERP")
    with report.catch_errors("Set ERP_POSTGRES_URL to a database that this machine can connect to."):
        erp_time = erp.execute_query(queries.CLOCK_SQL)["asked_at"].iloc[0]
        report.ok("It answers.")
        _compare_clocks(report, pd.Timestamp(erp_time).to_pydatetime(), clock())
        for rights in erp.execute_query(queries.RIGHTS_SQL, [ERP_TABLES]).itertuples(index=False):
            _check_rights(report, *rights)
    return report.findings


def _compare_clocks(report: CheckReport, theirs: datetime, ours: datetime) -> None:
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    seconds = abs((ours - theirs).total_seconds())
    text = f"Its clock and this machine's differ by {seconds:.0f} s."
    if seconds > MAX_CLOCK_DIFFERENCE_SECONDS:
        report.problem(
            text, "Synchronize both with a time server; until then late changes may be noticed late."
        )
    else:
        report.ok(text)


def _check_rights(report: CheckReport, table: str, can_read: bool | None, can_write: bool | None) -> None:
    if pd.isna(can_read):
        report.problem(
            f"Table or view {table} does not exist or is not visible to our role.",
            "Create it, or change the queries in sales_assets/sources/erp/sql.",
        )
    elif not can_read:
        report.problem(f"Our role has no permission to SELECT from {table}.", _GRANTS)
    elif can_write:
        report.problem(
            f"Our role can write {table}, but needs to read only.", f"Use a separate role: {_GRANTS}"
        )
    else:
        report.ok(f"Our role can read {table}, and cannot write it.")
