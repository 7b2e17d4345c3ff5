"""Production's code location with Snowflake's connector redirected to the emulator, for separate processes.

Every process of a run imports this module, as it would `sales_assets.definitions`.
"""

import os
from contextlib import ExitStack

from sales_assets.definitions import defs
from sales_assets_tests.support.snowflake import redirect_connections, work_around_emulator_gaps

_patches = ExitStack()
_address = os.environ.get("EMULATOR_HOST", "127.0.0.1")
_patches.enter_context(redirect_connections(int(os.environ["EMULATOR_PORT"]), _address))
_patches.enter_context(work_around_emulator_gaps())

__all__ = ["defs"]
