"""Tests of what is in `commands`."""
