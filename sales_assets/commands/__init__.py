"""What a person types: `python -m sales_assets.commands.<name>`, which the Makefile gives short names.

A command parses its arguments, shows what happens and returns an exit code; the work is done elsewhere.
"""
