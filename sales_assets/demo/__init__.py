"""What a fresh machine lacks: the embedded ERP, filled with believable sales, and the demo run.

Nothing here is used where a real source is configured.
"""
