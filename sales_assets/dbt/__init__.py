"""dbt in Dagster: the project and its manifest, the models as assets, and the runner."""
