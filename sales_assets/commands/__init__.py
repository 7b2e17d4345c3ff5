"""The commands `sales-assets <command>`, which the Makefile gives short names.

`__main__.py` defines the options of all commands. A command is one module with a function `run`, which prints
progress and returns an exit code. The work is done elsewhere.
"""
