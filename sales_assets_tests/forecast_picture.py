"""The picture of the forecast in the documents, from the demo's ERP, and the table of candidates.

`python -m sales_assets_tests.forecast_picture` makes both.
"""

from datetime import date

import pandas as pd

from sales_assets.demo.erp.customers import build_customers
from sales_assets.demo.erp.orders import build_orders
from sales_assets.demo.seeded_days import FIRST_DAY
from sales_assets.ml.model_metadata import draw_forecast
from sales_assets.ml.training import train_model
from sales_assets.settings import ROOT
from sales_assets.transforms.select_orders import SALES_STATUSES

_LAST_DAY = date(2026, 11, 22)


def read_demo_revenue(first: date, last: date) -> pd.DataFrame:
    """Revenue of the demo's ERP by day and segment, as gold would have it."""
    built = build_orders(first, last, last, "UTC")
    items = built.items.assign(
        amount=built.items["qty"] * built.items["unit_price"] * (1 - built.items["discount"].fillna(0))
    )
    amounts = items.groupby("order_id")["amount"].sum()
    segments = build_customers(last, "UTC").set_index("id")["segment"]
    sales = built.orders[built.orders["status"].isin(SALES_STATUSES)]
    rows = pd.DataFrame(
        {
            "order_date": sales["created_at"].dt.tz_localize(None).dt.normalize(),
            "segment": sales["customer_id"].map(segments).fillna("unknown"),
            "revenue": sales["id"].map(amounts).fillna(0.0),
        }
    )
    return rows.groupby(["order_date", "segment"])["revenue"].sum().reset_index()


if __name__ == "__main__":
    model = train_model(read_demo_revenue(FIRST_DAY, _LAST_DAY), "", None)
    print(pd.DataFrame(model.scores).round(4).to_markdown(index=False))  # noqa: T201 - a command
    print(model.champion, model.refusals, model.odd_days)  # noqa: T201
    chart = draw_forecast(model)
    chart.save(ROOT / "docs" / "pictures" / "forecast.png", scale_factor=1.5)
