"""Tests of what is in `assets`."""
