"""Checks that Python, the ERP and DuckDB know the same rules of the business day's time zone.

Each has a database of its own. Python's, the pinned `tzdata`, decides the business day of the ERP's orders.
Where another differs, queries by hand find another day near midnight, and so does gold for marketplaces.
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd

from sales_assets.operations.doctor.findings import CheckReport, Finding
from sales_assets.settings import Settings, WarehouseEngine
from sales_assets.sources.erp import queries
from sales_assets.sources.erp.postgres import PostgresResource

_DUCKDB_NOONS = (
    "select cast(epoch((day + interval 12 hour) at time zone $3) as bigint) "
    "from range(cast($1 as timestamp), cast($2 as timestamp), interval 1 day) as days (day) order by day"
)
_YEAR = timedelta(days=366)


def check_time_zone(settings: Settings, erp: PostgresResource, today: date) -> list[Finding]:
    """Compare the instant of noon on every business day until a year from now.

    Args:
        settings: The time zone, the first day and the warehouse's engine; Snowflake is not compared.
        erp: The resource that runs use.
        today: The current date.
    """
    report = CheckReport("Time zone")
    first, end = date.fromisoformat(settings.first_day), today + _YEAR
    days = [first + timedelta(days=n) for n in range((end - first).days)]
    if first >= today:
        report.problem(
            f"SALES_FIRST_DAY is {first}: no business day is over yet.", "Set an earlier day, or wait."
        )
    zone = ZoneInfo(settings.timezone)
    ours = [int(datetime.combine(day, time(12), zone).timestamp()) for day in days]
    with report.catch_errors("Use a time zone that Python, the ERP and the warehouse know."):
        bounds = [first.isoformat(), end.isoformat(), settings.timezone]
        found = {"the ERP": erp.execute_query(queries.NOONS_SQL, bounds)["noon"]}
        if settings.warehouse is WarehouseEngine.DUCKDB:
            with duckdb.connect() as connection:
                rows = connection.execute(_DUCKDB_NOONS, bounds).fetchall()
                found["DuckDB"] = pd.Series([noon for (noon,) in rows])
        for name, theirs in found.items():
            noons = zip(days, ours, theirs, strict=True)
            _compare(report, settings.timezone, name, [day for day, our, their in noons if our != their])
    return report.findings


def _compare(report: CheckReport, zone: str, name: str, days: Iterable[date]) -> None:
    if different := sorted(days):
        report.problem(
            f"Python and {name} have other rules for {zone} on {len(different)} day(s), the first "
            f"{different[0]}, the last {different[-1]}: queries by hand find another day near midnight.",
            "Install Python's release of tzdata there, or choose a SALES_TIMEZONE whose rules they agree on. "
            "Runs use Python's rules for the ERP's orders, whatever the others say.",
        )
    else:
        report.ok(f"Python and {name} have the same rules for {zone}.")
