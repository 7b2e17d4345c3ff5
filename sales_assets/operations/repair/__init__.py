"""Which business days are missing, failed, stale or wrong, and the runs that mend them.

Found by `gaps.py` and `reconciliation.py`, planned by `plans.py` and `plan_repair.py`, carried out by
`launching.py`. Schedules, sensors, commands and jobs use it; what a day is made of belongs to the assets.
"""
