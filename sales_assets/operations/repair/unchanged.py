"""Remembers the days that a repair ran and that still differ from the ERP in the same numbers.

To run such a day again would change nothing. Once it differs in other numbers, it is planned again.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pandas as pd

from sales_assets.catalog.names import FCT_ORDERS_KEY
from sales_assets.catalog.records import fetch_observations

UNCHANGED = "sales/repair_changed_nothing"
"""Metadata of an observation: in what numbers the day differed before and after its repair."""


def describe_numbers(differences: pd.DataFrame) -> dict[str, str]:
    """Describe in what numbers each day differs; see `compare_sales`."""
    return {
        str(row["day"]): (
            f"{row['erp_sales']} sales of {row['erp_amount']} in the ERP, "
            f"{row['gold_sales']} of {row['gold_amount']} in gold"
        )
        for row in differences.to_dict("records")
    }


def remember_unchanged(
    instance: dg.DagsterInstance, before: Mapping[str, str], after: Mapping[str, str]
) -> list[str]:
    """Remember the days of a repair that differ in the same numbers as before, and return them.

    Args:
        instance: Records it as observations of `fct_orders`.
        before: The numbers of the days that were run, before they were.
        after: The numbers of the days that still differ.
    """
    unchanged = [day for day, numbers in before.items() if after.get(day) == numbers]
    for day in unchanged:
        metadata: dict[str, Any] = {UNCHANGED: before[day]}
        description = "A repair ran this day, and it differs from the ERP as before."
        instance.report_runless_asset_event(
            dg.AssetObservation(FCT_ORDERS_KEY, partition=day, metadata=metadata, description=description)
        )
    return unchanged


def find_unchanged(instance: dg.DagsterInstance, numbers: Mapping[str, str]) -> list[str]:
    """Find the days that a repair ran in vain and that differ in the same numbers since.

    Args:
        instance: Has the observations.
        numbers: In what numbers each day differs now.
    """
    records = fetch_observations(instance, FCT_ORDERS_KEY, list(numbers)) if numbers else []
    observations = [record.asset_observation for record in reversed(records)]
    latest = {
        each.partition: each.metadata[UNCHANGED].value
        for each in observations
        if each is not None and UNCHANGED in each.metadata
    }
    return [day for day, now in numbers.items() if latest.get(day) == now]
