"""Refuses to build gold from what waits for approval, also in a run that begins with gold."""

import dagster as dg

from sales_assets.catalog.approvals import find_held_back
from sales_assets.catalog.names import FCT_ORDERS_KEY, MONTHLY_REVENUE_KEY
from sales_assets.catalog.partitions import is_of_days, window_of
from sales_assets.catalog.remedies import format_approval
from sales_assets.errors import RefusedError


def refuse_held_back(context: dg.AssetExecutionContext) -> None:
    """Refuse the run if it would publish a month that waits for approval.

    Raises:
        RefusedError: Names the months with both revenues, and how to approve them.
    """
    if FCT_ORDERS_KEY not in context.selected_asset_keys:
        return
    held = find_held_back(context.instance, MONTHLY_REVENUE_KEY)
    if is_of_days(context):
        months = {day[:7] for day in window_of(context).days}
        held = {month: entry for month, entry in held.items() if month in months}
    if held:
        reasons = " ".join(
            f"{entry.reason} {format_approval(month)}" for month, entry in sorted(held.items())
        )
        message = f"{FCT_ORDERS_KEY.to_user_string()} is not built. {reasons} No stored data was changed."
        raise RefusedError(message)
