"""Removes old history that nothing reads any more: runs, events, logs, files, abandoned staging tables.

`plan.py` decides what goes, `removal.py` removes it, `space.py` gives the space back. The job, the schedule
and the command use it. Rows of the warehouse's tables are never removed here.
"""
