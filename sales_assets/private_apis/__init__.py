"""The one place that uses what Dagster, dagster-dbt and dbt do not promise to keep; each use has a test.

Everything else in this package uses their public names only; ruff refuses the private modules elsewhere. A
module here is about one thing, and imports nothing of the package but the settings.
"""
