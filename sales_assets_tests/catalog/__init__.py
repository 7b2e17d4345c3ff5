"""Tests of what is in `transforms`."""
