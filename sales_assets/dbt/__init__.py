"""dbt in Dagster: the project and its manifest, the models as assets, and the runner."""

from sales_assets.private_apis.deferred_sqlglot import import_dagster_dbt

import_dagster_dbt()  # before any module of this room does
