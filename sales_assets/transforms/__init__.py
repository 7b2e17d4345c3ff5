"""Business logic: pure functions, pandas in and pandas out, that import no Dagster.

What the rows mean belongs here; what is read, stored or reported belongs to the assets.
"""
