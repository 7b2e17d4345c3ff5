"""Tests of what is in `checks`."""
