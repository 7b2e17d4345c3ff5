"""The check that the ERP has the columns that the queries need, and which tells of new ones."""

from collections.abc import Sequence
from typing import cast

import dagster as dg

from sales_assets.catalog.names import ERP_POOL, RAW_ORDERS_KEY
from sales_assets.private_apis.instance import read_previous_evaluation
from sales_assets.sources.erp.columns import (
    find_changed_columns,
    find_new_columns,
    name_columns,
    read_columns,
)
from sales_assets.sources.erp.postgres import PostgresResource

_COLUMNS = "columns"
_CHECK = dg.AssetCheckKey(RAW_ORDERS_KEY, "erp_columns_are_known")


@dg.asset_check(name=_CHECK.name, asset=RAW_ORDERS_KEY, pool=ERP_POOL)
def erp_columns_are_known(
    context: dg.AssetCheckExecutionContext, postgres_erp: PostgresResource
) -> dg.AssetCheckResult:
    """The ERP has the columns that the queries read, with their types, and none that it did not have before.

    If a column is gone or has another type, it fails and nothing is read: let the ERP give it back, or change
    the queries. A new one is a warning, once: if gold should have it, add it to the queries and the contract.
    """
    found = read_columns(postgres_erp)
    before = read_previous_evaluation(context.instance, _CHECK)
    known = cast("Sequence[str]", before.metadata[_COLUMNS].value) if before else name_columns(found)
    changed, new = find_changed_columns(found), find_new_columns(found, known)
    return dg.AssetCheckResult(
        passed=not changed and not new,
        severity=dg.AssetCheckSeverity.ERROR if changed else dg.AssetCheckSeverity.WARN,
        description=_describe(changed, new),
        metadata={"changed": changed, "new": new, _COLUMNS: name_columns(found)},
    )


def _describe(changed: Sequence[str], new: Sequence[str]) -> str:
    sentences = [f"The ERP has changed: {'; '.join(changed)}."] if changed else []
    sentences += [f"The ERP has new columns, which are not read: {', '.join(new)}."] if new else []
    return " ".join(sentences) or "The ERP has the columns that the queries read, and no new ones."
