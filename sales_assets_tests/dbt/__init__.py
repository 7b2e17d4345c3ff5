"""Tests of what is in `dbt`."""
