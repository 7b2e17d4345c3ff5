"""Asset checks written in Python: one check, one file, the same name.

A check reads and tabulates; what it decides is a pure function elsewhere. dbt's tests are asset checks too,
and are in the dbt project.
"""

from sales_assets.checks.agrees_with_the_erp import agrees_with_the_erp
from sales_assets.checks.customers_are_matched import customers_are_matched
from sales_assets.checks.erp_columns_are_known import erp_columns_are_known
from sales_assets.checks.forecast_keeps_its_promise import forecast_keeps_its_promise
from sales_assets.checks.layers_agree import layers_agree
from sales_assets.checks.model_beats_the_baselines import model_beats_the_baselines
from sales_assets.checks.no_orders_are_rejected import no_orders_are_rejected
from sales_assets.checks.restatements_are_approved import build_restatement_checks
from sales_assets.checks.statuses_are_plausible import statuses_are_plausible
from sales_assets.checks.volume_is_in_its_band import volume_is_in_its_band
from sales_assets.checks.yesterday_is_complete import build_yesterday_check

BY_HAND = (
    agrees_with_the_erp,
    customers_are_matched,
    erp_columns_are_known,
    forecast_keeps_its_promise,
    layers_agree,
    model_beats_the_baselines,
    no_orders_are_rejected,
    statuses_are_plausible,
    volume_is_in_its_band,
)
"""The checks that need nothing to be built, for `definitions.py`."""

__all__ = [
    "BY_HAND",
    "agrees_with_the_erp",
    "build_restatement_checks",
    "build_yesterday_check",
    "customers_are_matched",
    "erp_columns_are_known",
    "forecast_keeps_its_promise",
    "layers_agree",
    "model_beats_the_baselines",
    "no_orders_are_rejected",
    "statuses_are_plausible",
    "volume_is_in_its_band",
]
