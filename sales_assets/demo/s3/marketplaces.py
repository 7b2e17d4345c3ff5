"""The demo's marketplaces: the order files that each uploads for a day, the same on every machine.

Nothing here uses S3.
"""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO

import numpy as np
import pandas as pd

from sales_assets.demo.seeded_days import seed_generator, to_utc

PREFIX = "marketplaces/"
_PRODUCTS = 400


@dataclass(frozen=True)
class Marketplace:
    """A marketplace that uploads one file per day.

    Attributes:
        name: Its name.
        orders_per_day: Its average number of orders.
        currencies: The currencies in which it sells.
        key: The key of a day's file, with `{day}`.
        encode: Turns order lines into the content of a file.
    """

    name: str
    orders_per_day: int
    currencies: tuple[str, ...]
    key: str
    encode: Callable[[pd.DataFrame], bytes]


def build_files(day: date, timezone: str) -> Mapping[str, bytes]:
    """Build the files of a day, by key.

    Args:
        day: The day on which the orders were placed.
        timezone: The time zone of the day.
    """
    return {
        PREFIX + market.key.format(day=day): market.encode(_draw_lines(market, day, timezone))
        for market in _MARKETPLACES
    }


def _draw_lines(market: Marketplace, day: date, timezone: str) -> pd.DataFrame:
    random = seed_generator(day, f"marketplace {market.name}")
    order = np.arange(random.poisson(market.orders_per_day)) + 1
    order = np.sort(np.concatenate([order, random.choice(order, len(order) // 2)]))
    second = random.integers(0, 86_400, order.max() + 1)[order]
    customer = random.integers(-20, 500, order.max() + 1)[order]
    cents = random.integers(199, 25_000, len(order))
    placed = to_utc(pd.Series(pd.Timestamp(day), index=order), pd.Series(second, index=order), timezone)
    return pd.DataFrame(
        {
            "order_id": [f"{market.name[:2].upper()}-{day:%Y%m%d}-{number:04}" for number in order],
            "marketplace": market.name,
            "order_date": placed.dt.strftime("%Y-%m-%dT%H:%M:%SZ").to_numpy(),
            "customer_email": [f"buyer{n}@example.com" if n >= 0 else "" for n in customer],
            "sku": [f"SKU-{number:04}" for number in random.integers(1, _PRODUCTS + 1, len(order))],
            "qty": random.integers(1, 5, len(order)),
            "unit_price": [f"{cent // 100}.{cent % 100:02}" for cent in cents],
            "currency": random.choice(market.currencies, order.max() + 1)[order],
        }
    )


def _encode_csv(lines: pd.DataFrame) -> bytes:
    return lines.to_csv(index=False, lineterminator="\r\n").encode()


def _encode_gzip(lines: pd.DataFrame) -> bytes:
    return gzip.compress(_encode_csv(lines.assign(coupon="")), mtime=0)


def _encode_parquet(lines: pd.DataFrame) -> bytes:
    file = BytesIO()
    placed = pd.to_datetime(lines["order_date"]).astype("datetime64[us, UTC]")
    lines.assign(order_date=placed).to_parquet(file, index=False)
    return file.getvalue()


_MARKETPLACES = (
    Marketplace("bazaar", 60, ("EUR",), "bazaar/{day}.csv", _encode_csv),
    Marketplace("kiosk", 25, ("GBP", "EUR"), "kiosk/orders of {day}.csv.gz", _encode_gzip),
    Marketplace("nordmart", 40, ("SEK", "DKK"), "nordmart/försäljning-{day}.parquet", _encode_parquet),
)
