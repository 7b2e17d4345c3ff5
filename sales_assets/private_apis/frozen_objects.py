"""Keeps what a fork server has imported out of its children's garbage collections, when it is imported.

Imported last by a fork server, and by nothing else. Without it each child would look through half a million
objects again and again, and write into the memory that all of them share.
"""

import gc

gc.collect()
gc.freeze()
