"""Compares the ERP with gold, day by day: the two queries in `sql/`, the comparison, and its answer.

The check `agrees_with_the_erp` and the repair ask for it; what follows from a difference is theirs to say.
"""
