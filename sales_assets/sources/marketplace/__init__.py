"""Order files that marketplaces upload to a bucket: finding the new ones, fetching and reading them.

What their rows must contain is decided in `transforms/marketplace_orders.py`. Only `s3_resource.py` uses
Dagster.
"""
