"""The one place that uses what Dagster does not promise to keep; each use has a test that notices.

Everything else in this package uses Dagster's public names only. A module here is about one thing, and
imports nothing else of the package but the settings.
"""
