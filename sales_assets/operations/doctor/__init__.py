"""The checks of `make doctor`: one module per subject, with functions that check it and return findings.

They leave no lasting change and print nothing. `run_checks.py` decides which checks a deployment needs.
"""
