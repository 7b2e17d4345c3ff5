"""Python's hook at its start: every process of a container sends what goes to Snowflake to the stand-in.

It is mounted into containers of the image check, whose image has neither tests nor emulators.
"""

import os
from contextlib import ExitStack

from sales_assets_tests.support.snowflake import redirect_connections, work_around_emulator_gaps

_patches = ExitStack()
_patches.enter_context(redirect_connections(int(os.environ["EMULATOR_PORT"])))
_patches.enter_context(work_around_emulator_gaps())
