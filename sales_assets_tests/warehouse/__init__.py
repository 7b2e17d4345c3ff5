"""Tests of what is in `warehouse`."""
