"""Tests of what is in `demo`."""
