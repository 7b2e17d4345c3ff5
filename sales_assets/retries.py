"""When a failed step is tried again, by kind of work; nothing else.

A wrong password, a missing table or bad data is raised as `errors.RefusedError` and never retried.
"""

import dagster as dg

from sales_assets.settings import settings

LAPTOP = dg.RetryPolicy(max_retries=1, delay=2, jitter=dg.Jitter.FULL)
"""One more try after at most two seconds: somebody is watching."""

EXTRACTION = (
    LAPTOP
    if settings().is_local
    else dg.RetryPolicy(max_retries=5, delay=60, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
)
"""After 1, 3, 7, 15 and 31 minutes, each give or take one: an hour in all, an ERP's maintenance window."""

TRANSFORMATION = (
    LAPTOP
    if settings().is_local
    else dg.RetryPolicy(max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
)
"""After 30 and 90 seconds, each give or take 30: what fails here for longer is not a matter of waiting."""
