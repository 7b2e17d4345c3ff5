"""What every asset is entered in the Dagster catalog with: names, partitions, contracts, policies, records.

Everything else may use this room; it knows the settings and nothing that reads or stores data.
"""
