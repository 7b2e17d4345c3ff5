"""Reconciles gold with the ERP: the queries in `sql/`, the comparison day by day, and the differences.

The check `agrees_with_the_erp` and the repair call it, and decide what to do about a difference.
"""
