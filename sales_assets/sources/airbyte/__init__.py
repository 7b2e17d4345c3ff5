"""Airbyte: its connections as assets, syncs that survive a bad network, and the snapshot that loading reads.

What a fresh machine has instead of a server stands in `sales_assets/demo/airbyte`.
"""
