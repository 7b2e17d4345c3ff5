"""What the weekly assets share: the weeks of a run, which of them are stored, and whether their days are.

What the rows of a week are is up to each asset.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import dagster as dg

from sales_assets.catalog.records import find_days_never_loaded
from sales_assets.catalog.remedies import format_rerun
from sales_assets.catalog.weeks import Week, list_days, weeks_of
from sales_assets.errors import RefusedError
from sales_assets.operations.reconciliation.warehouse_days import has_table
from sales_assets.warehouse.engine import WarehouseReader

_STORED_WEEKS = (files("sales_assets.ml") / "sql" / "stored_weeks.sql").read_text()
_HISTORY = timedelta(weeks=52)


@dataclass(frozen=True)
class WeeklyRun:
    """A run of a weekly asset, for one week or several.

    Attributes:
        context: The asset's context.
        weeks: The weeks of the run, in order.
    """

    context: dg.AssetExecutionContext
    weeks: list[Week]

    @classmethod
    def of(cls, context: dg.AssetExecutionContext) -> "WeeklyRun":
        """The run of the asset that is being executed."""
        return cls(context, weeks_of(context))

    def find_stored(self, warehouse: WarehouseReader) -> set[str]:
        """Find the weeks that have stored features, by key."""
        with warehouse.connect() as reader:
            if not has_table(reader, "ml", "customer_features"):
                return set()
            return set(reader.query(_STORED_WEEKS)["week"])

    def require_features(self, warehouse: WarehouseReader) -> set[str]:
        """Find the weeks that have stored features, and refuse the run if its last week has none.

        Raises:
            RefusedError: The last week has no features.
        """
        stored, last = self.find_stored(warehouse), self.weeks[-1].key
        if last not in stored:
            message = (
                f"{self.context.asset_key.to_user_string()} needs the features of the week of {last}, which "
                "are not stored. No stored data was changed. Materialize customer_features for it first."
            )
            raise RefusedError(message)
        return stored

    def refuse_weeks_without_days(self, source: dg.AssetKey, kept: Collection[str] = ()) -> None:
        """Refuse the run if a day was never loaded that counts in its weeks: those, and 52 weeks before.

        Args:
            source: The daily asset that has to have the days.
            kept: The weeks that are not computed, by key.

        Raises:
            RefusedError: Names the first and last of the days, and how to load them.
        """
        weeks = [week for week in self.weeks if week.key not in kept]
        if weeks:
            self.refuse_days_without(source, weeks[0].day_after - _HISTORY, weeks[-1].day_after)

    def refuse_days_without(self, source: dg.AssetKey, first: date, day_after: date) -> None:
        """Refuse the run if one of the business days in [first, day_after) was never loaded.

        Raises:
            RefusedError: As above.
        """
        missing = find_days_never_loaded(self.context.instance, source, list_days(first, day_after))
        if missing:
            days = missing[0] if len(missing) == 1 else f"{missing[0]} to {missing[-1]}"
            message = (
                f"{self.context.asset_key.to_user_string()} needs {len(missing)} business day(s) that "
                f"{source.to_user_string()} never had, {days}. No stored data was changed. Load them "
                f"{format_rerun([missing[0], missing[-1]])}, then run the week again."
            )
            raise RefusedError(message)

    def report(self, week: Week, metadata: Mapping[str, Any]) -> None:
        """Attach metadata to a week."""
        self.context.add_asset_metadata(dict(metadata), partition_key=week.key)
