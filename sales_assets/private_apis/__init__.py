"""The only place that uses private parts of Dagster, dagster-dbt and dbt; each use has a test.

The rest of the package uses public names only; ruff refuses private modules there. Each module here covers
one subject, and imports nothing from the package except the settings.
"""
