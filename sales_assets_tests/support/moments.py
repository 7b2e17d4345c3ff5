"""At how many of the moments of a write a test lets it end: at some, or at all if the test is exhaustive."""

import pytest

AT_SOME_OR_ALL_MOMENTS = pytest.mark.parametrize(
    "step",
    [pytest.param(4, id="some moments"), pytest.param(1, id="all moments", marks=pytest.mark.exhaustive)],
)
"""Gives a test the distance from one moment that it tries to the next.

Each fourth has to include one after the commit: the tests assert that they saw new rows.
"""
