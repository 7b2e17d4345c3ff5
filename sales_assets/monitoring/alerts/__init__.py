"""Alerts: what is told, to whom, and that it is told once.

`sensors/alerts.py` in `automation/` calls this room; what a check asserts or a run does is not decided here.
"""
