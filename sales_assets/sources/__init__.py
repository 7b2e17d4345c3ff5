"""Where data comes from: one package per source, with its client, its queries and `changes.py` (what is new).

What rows mean is decided in `transforms/`; which assets exist, in `assets/`.
"""
