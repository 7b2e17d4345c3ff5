"""Asset checks that are written in Python: one check, one file, the same name.

A check asks and tabulates; what is right or wrong is decided by a pure function of `transforms/`. dbt's
tests are checks too, and stand in the dbt project.
"""

from sales_assets.checks.agrees_with_the_erp import agrees_with_the_erp
from sales_assets.checks.marketplace_files_arrive import marketplace_files_arrive

__all__ = ["agrees_with_the_erp", "marketplace_files_arrive"]
