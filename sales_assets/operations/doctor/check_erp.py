"""Looks at the ERP: that it answers, that its clock agrees with ours, and what our role may do there."""

from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd

from sales_assets.operations.doctor.findings import Finding, Notes
from sales_assets.sources.erp import queries
from sales_assets.sources.erp.postgres import PostgresResource

TABLES = ["customers", "order_items", "orders"]
MOST_SECONDS = 60.0
"""How far the clocks may be apart; late changes are looked for by the ERP's."""

_GRANTS = "Run deploy/postgres/grants.sql in the ERP as its owner."


def look_at_the_erp(erp: PostgresResource, clock: Callable[[], datetime]) -> list[Finding]:
    """Connect, compare the clocks, and ask for the role's rights.

    Args:
        erp: The resource that runs use.
        clock: This machine's time, with a zone.
    """
    notes = Notes("ERP")
    with notes.looking("Set ERP_POSTGRES_URL to one that connects from this machine."):
        asked = erp.execute_query(queries.CLOCK_SQL)["asked_at"].iloc[0]
        notes.well("It answers.")
        _compare_clocks(notes, pd.Timestamp(asked).to_pydatetime(), clock())
        for right in erp.execute_query(queries.RIGHTS_SQL, [TABLES]).itertuples(index=False):
            _judge(notes, *right)
    return notes.findings


def _compare_clocks(notes: Notes, theirs: datetime, ours: datetime) -> None:
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    seconds = abs((ours - theirs).total_seconds())
    said = f"Its clock and this machine's are {seconds:.0f} s apart."
    if seconds > MOST_SECONDS:
        notes.fix(said, "Have both follow a time server; until then a late change may be seen late.")
    else:
        notes.well(said)


def _judge(notes: Notes, table: str, may_read: bool | None, may_write: bool | None) -> None:
    if pd.isna(may_read):
        notes.fix(
            f"There is no table or view {table} for our role.",
            "Make it, or change the queries in sales_assets/sources/erp/sql.",
        )
    elif not may_read:
        notes.fix(f"Our role may not SELECT {table}.", _GRANTS)
    elif may_write:
        notes.fix(f"Our role may write {table}, and needs to read only.", f"Use a role of its own: {_GRANTS}")
    else:
        notes.well(f"Our role may read {table}, and not write it.")
