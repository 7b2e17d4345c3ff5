"""Which marts are in the lake, and how their Iceberg tables are laid out.

How a table is made and evolves is in `lake_schema.py`, how days get there in `publish.py`.
"""

from dataclasses import dataclass

from sales_assets.warehouse.lake.lake_resource import NAMESPACE


@dataclass(frozen=True)
class LakeTable:
    """A mart of gold as an Iceberg table.

    Attributes:
        name: The table's name, in gold and in the lake.
        key: The columns that are unique together; they and the day are never null.
        amounts: The columns whose sums are compared when days are audited.
        is_whole: Whether the mart is rebuilt as a whole, so that any of its days may have changed. It has few
            rows a day, so the lake does not keep its days in files of their own.
        day: The column that holds the business day.
    """

    name: str
    key: tuple[str, ...]
    amounts: tuple[str, ...]
    is_whole: bool = False
    day: str = "order_date"

    @property
    def identifier(self) -> str:
        """The table's full name in the catalog."""
        return f"{NAMESPACE}.{self.name}"

    @property
    def required(self) -> frozenset[str]:
        """The columns that are never null."""
        return frozenset((self.day, *self.key))


_AMOUNTS = ("line_count", "gross_amount", "discount_amount", "total_amount")

FCT_ORDERS = LakeTable("fct_orders", key=("order_id",), amounts=_AMOUNTS)

DAILY_SALES = LakeTable(
    "daily_sales",
    key=("order_date", "channel", "currency"),
    amounts=("order_count", *_AMOUNTS),
    is_whole=True,
)

LAKE_TABLES = (FCT_ORDERS, DAILY_SALES)
"""All tables of the lake."""
