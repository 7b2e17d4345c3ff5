"""Logs of runs as lines of JSON, for Loki, CloudWatch, Elastic and others, if `SALES_LOG_FORMAT` is `json`.

`handler.py` is what `deploy/dagster` attaches to every run; `lines.py` makes a line of an event or message.
What people are told, and when, belongs to `alerts/`.
"""
