"""Keeps the lake up to date and small: which days are to be published, and the op of the maintenance.

How days are published and files are compacted or removed is in `warehouse/lake/`.
"""
