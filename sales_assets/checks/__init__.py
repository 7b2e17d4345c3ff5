"""Asset checks written in Python: one check, one file, the same name.

A check reads and tabulates; what it decides is a pure function elsewhere. dbt's tests are asset checks too,
and are in the dbt project.
"""

from sales_assets.checks.agrees_with_the_erp import agrees_with_the_erp
from sales_assets.checks.restatements_are_approved import build_restatement_checks
from sales_assets.checks.statuses_are_plausible import statuses_are_plausible
from sales_assets.checks.yesterday_is_complete import build_yesterday_check

__all__ = [
    "agrees_with_the_erp",
    "build_restatement_checks",
    "build_yesterday_check",
    "statuses_are_plausible",
]
