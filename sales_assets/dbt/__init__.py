"""dbt in Dagster: its project and manifest, its models as assets, its command."""
