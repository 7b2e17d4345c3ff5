"""What reports and exports need of gold and of Dagster's records, read in one place.

How a page looks belongs to `reports/`; where files are kept, to `warehouse/file_store.py`.
"""
