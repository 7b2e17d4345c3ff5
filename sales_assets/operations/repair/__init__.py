"""Finds business days that are missing, failed, stale or different from the ERP, and runs what fixes them.

`gaps.py` and `reconciliation/` find them, `planned_runs.py` and `repair_plan.py` plan the runs, `launch.py`
and `execute_plan.py` execute them. Schedules, sensors, commands and jobs use it. How a day is built belongs
to the assets.
"""
