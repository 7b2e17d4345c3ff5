"""What the daily assets share: the business days of a run, and which of them keep what they have.

A day that is skipped, or whose rows are refused, keeps what it has; the other days of the run are stored. How
is in `_daily_output.py`. What the rows are is up to each asset.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

import dagster as dg
import pandas as pd

from sales_assets.assets._daily_rows import DailyRows
from sales_assets.catalog.contracts import PARTITION_COLUMN, declared_contract
from sales_assets.catalog.names import NO_DATA_TAG
from sales_assets.catalog.partitions import Window, day_of_row, days_without, window_of
from sales_assets.catalog.records import fetch_observations, find_days_never_loaded
from sales_assets.private_apis.instance import read_materialized_partitions, tag_run
from sales_assets.transforms.frames import find_oldest_reading
from sales_assets.transforms.spooled_rows import SpooledRows
from sales_assets.warehouse.partition_groups import StoredPartitions, StoredRows


@dataclass
class DailyRun:
    """A run of a daily asset, for one day or a range, or the part of it that is done at once.

    Attributes:
        context: The asset's context.
        window: The days of the run.
        contract: The columns of the asset's table.
        column: The asset's partition column.
        skipped: The days that keep what they have and do not count as materialized.
        faults: The days that are refused, and why; the others are stored.
        began: When the run began, by this machine's clock.
        rejected: The rows that their days are stored without, with the day of each.
        large_days: The days that do not fit into memory; each is a part of the run by itself.
        next_window: What the run will do after this part of it, so that a source can begin to read it.
    """

    context: dg.AssetExecutionContext
    window: Window
    contract: dg.TableSchema
    column: str
    skipped: set[str] = field(default_factory=set)
    faults: dict[str, str] = field(default_factory=dict)
    began: datetime = field(default_factory=partial(datetime.now, UTC))
    rejected: DailyRows | None = None
    large_days: frozenset[str] = frozenset()
    next_window: Window | None = None

    @classmethod
    def of(cls, context: dg.AssetExecutionContext) -> "DailyRun":
        """The run of the asset that is being executed; contract and column are those of its metadata.

        Raises:
            RefusedError: The range reaches beyond the partitions.
        """
        metadata = context.assets_def.specs_by_key[context.asset_key].metadata
        contract = declared_contract(metadata) or dg.TableSchema(columns=[])
        return cls(context, window_of(context), contract, str(metadata[PARTITION_COLUMN]))

    def narrow(self, window: Window, next_window: Window | None) -> "DailyRun":
        """The part of the run for some of its days, which begins now; skipped and refused days are shared."""
        return replace(self, window=window, next_window=next_window, began=datetime.now(UTC), rejected=None)

    def read(self, stored: StoredRows) -> pd.DataFrame | SpooledRows:
        """The rows of the run's days that an upstream asset stored."""
        return stored.read(self.window.days) if isinstance(stored, StoredPartitions) else stored

    @property
    def is_range(self) -> bool:
        """Whether the run has several days."""
        return len(self.window.days) > 1

    @property
    def is_large(self) -> bool:
        """Whether the run is for one day that does not fit into memory."""
        return not self.is_range and self.window.days[0] in self.large_days

    def rows(self, frame: pd.DataFrame, *others: pd.DataFrame) -> DailyRows:
        """Rows with their business days.

        Args:
            frame: What was read for the run. In a range it needs the partition column.
            others: What else was read to make the rows that will be stored.
        """
        is_date = any(each.name == self.column and each.type == "DATE" for each in self.contract.columns)
        days = day_of_row(self.window, frame, self.column, is_date=is_date)
        return DailyRows(frame, days, find_oldest_reading(frame, *others) or self.began)

    def skip_empty_days(self, rows: DailyRows, because: str) -> None:
        """Skip the days of which the source has no row at all, visibly: warning, run tag, observation.

        Args:
            rows: Everything that the source has of the run's days.
            because: The reason, such as "The ERP returned no orders".
        """
        empty = days_without(rows.days, self.window)
        if not empty:
            return
        self.skipped.update(empty)
        self.context.log.warning(
            f"{because} for {', '.join(empty)}. Existing rows are kept and downstream assets are skipped. "
            "If the day really was empty, rerun with allow_empty: true."
        )
        tag_run(self.context.instance, self.context.run.run_id, {NO_DATA_TAG: str(len(empty))})
        for day in empty:
            observation = dg.AssetObservation(
                self.context.asset_key,
                description=f"{because} for this day.",
                partition=day,
                metadata={NO_DATA_TAG: True},
            )
            self.context.log_event(observation)

    def skip_days_not_in(self, source: dg.AssetKey, rows: DailyRows) -> None:
        """Skip the days that an upstream asset skipped, and refuse those that it never loaded.

        Args:
            source: The upstream asset.
            rows: What was read of it.
        """
        instance, run_id = self.context.instance, self.context.run.run_id
        records = fetch_observations(instance, source, self.window.days)
        self.skipped |= {str(record.partition_key) for record in records if record.run_id == run_id}
        if empty := self._find_empty_days(rows.days):
            self._refuse_never_loaded(source, empty)
            stored = read_materialized_partitions(instance, source)
            self.skipped |= {day for day in empty if day not in stored and day not in self.faults}

    def refuse_days_not_in(self, source: dg.AssetKey, days: pd.Series, *, beside: dg.AssetKey) -> None:
        """Refuse the days that an upstream asset never loaded, although another one did.

        Args:
            source: The upstream asset.
            days: The business days of what was read of it.
            beside: The other upstream asset.
        """
        if empty := self._find_empty_days(days):
            loaded = read_materialized_partitions(self.context.instance, beside)
            self._refuse_never_loaded(source, [day for day in empty if day in loaded])

    def _refuse_never_loaded(self, source: dg.AssetKey, days: Sequence[str]) -> None:
        for day in find_days_never_loaded(self.context.instance, source, days):
            self.faults.setdefault(day, f"{source.to_user_string()} was never loaded for this day.")

    def _find_empty_days(self, days: pd.Series) -> list[str]:
        return [day for day in days_without(days, self.window) if day not in self.skipped]
