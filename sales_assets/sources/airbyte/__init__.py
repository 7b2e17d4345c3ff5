"""Airbyte: its connections as assets, syncs that survive a bad network, and the snapshot of its workspace.

The emulator that a fresh machine uses instead of a server is in `sales_assets/demo/airbyte`.
"""
