"""What was known of each customer at the end of a week: the features that models of customers learn from.

Which models these are, and what they predict, belongs to their own modules. The query of the features is in
`sql/`, for every engine of the warehouse.
"""

from importlib.resources import files

import pandas as pd

from sales_assets.catalog.weeks import Week
from sales_assets.warehouse.engine import WarehouseReader

_SQL = files("sales_assets.ml") / "sql"
FEATURES_SQL = (_SQL / "customer_features.sql").read_text()
"""The features of one week; see the comment in the file for its values."""

_STORED = (_SQL / "stored_features.sql").read_text()
_CHANGED_SINCE = (_SQL / "orders_changed_since.sql").read_text()


def compute_features(warehouse: WarehouseReader, week: Week) -> pd.DataFrame:
    """Compute the features of a week from the orders in gold.

    An order counts if it was placed and last changed before the week's end, so that no later order, arrival
    or change has any part in a feature.

    Args:
        warehouse: Has the table `gold.fct_orders`.
        week: The week.

    Returns:
        The columns of `CUSTOMER_FEATURES_SCHEMA`: a row for each customer who ordered in the 52 weeks before
        the week's end, in the order of their ids. Revenue is in the ERP's currency.
    """
    return warehouse.query(FEATURES_SQL, [week.monday, week.sunday, week.end.replace(tzinfo=None)])


def read_features(warehouse: WarehouseReader, week: Week) -> pd.DataFrame:
    """Read the stored features of a week, as `compute_features` returned them; no row if none are stored.

    Args:
        warehouse: Has the table `ml.customer_features`.
        week: The week.
    """
    return warehouse.query(_STORED, [week.monday])


def count_orders_changed_since(warehouse: WarehouseReader, week: Week) -> int:
    """Count the orders that no feature of a week counts, because they changed after its end."""
    found = warehouse.query(_CHANGED_SINCE, [week.sunday, week.end.replace(tzinfo=None)])
    return int(found["order_count"][0])
