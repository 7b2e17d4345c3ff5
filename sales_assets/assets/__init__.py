"""Every asset that is written in Python: one asset, one file, the same name.

An asset reads, calls pure functions of `transforms/`, and emits rows with metadata. A new asset is a new file
here and a line below; its columns are declared in `catalog/contracts.py`. Files with an underscore are shared
by assets.
"""

from sales_assets.assets.bi_export import bi_export
from sales_assets.assets.customer_churn_scores import customer_churn_scores
from sales_assets.assets.customer_features import customer_features
from sales_assets.assets.forecast_model import forecast_model
from sales_assets.assets.raw_customers import raw_customers
from sales_assets.assets.raw_marketplace_orders import raw_marketplace_orders
from sales_assets.assets.raw_orders import raw_orders
from sales_assets.assets.sales_dashboard import sales_dashboard
from sales_assets.assets.sales_forecast import sales_forecast
from sales_assets.assets.silver_enriched_orders import silver_enriched_orders

OF_MODELS = (customer_churn_scores, customer_features, forecast_model, sales_forecast)
"""The assets of the group `ml`, for `definitions.py`."""

__all__ = [
    "bi_export",
    "customer_churn_scores",
    "customer_features",
    "forecast_model",
    "raw_customers",
    "raw_marketplace_orders",
    "raw_orders",
    "sales_dashboard",
    "sales_forecast",
    "silver_enriched_orders",
]
