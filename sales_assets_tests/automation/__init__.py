"""Tests of what is in `automation`."""
