"""Local replacements for what a fresh machine lacks: an embedded ERP, and emulators of S3 and Airbyte.

Each is used only where no real system is configured.
"""
