"""What a person types: `sales-assets <command>`, which the Makefile gives short names.

`__main__.py` has the options of all commands. A command is one file with a function `run` that shows what
happens and returns an exit code; the work is done elsewhere.
"""
