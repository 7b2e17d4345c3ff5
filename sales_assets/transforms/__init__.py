"""Business logic: pure functions, pandas in and pandas out, that import no Dagster.

What is read, stored or reported belongs to the assets; what the rows mean belongs here.
"""
