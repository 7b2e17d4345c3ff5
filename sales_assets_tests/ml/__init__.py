"""Tests of what is in `ml`."""
