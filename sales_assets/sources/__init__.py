"""Where data comes from: one package a source, with its client, its queries and `changes.py` (what is new).

What the rows mean belongs to `transforms/`, which assets there are to `assets/`.
"""
