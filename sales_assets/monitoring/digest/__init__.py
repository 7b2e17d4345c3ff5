"""The morning's digest: figures of the last business day, as text, which the alerts' sensor tells once.

What failed or is late is known to the ledger of alerts, and added there.
"""
