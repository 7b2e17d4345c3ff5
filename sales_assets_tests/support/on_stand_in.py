"""Production's code location with Snowflake's connector pointed at the stand-in, for processes of their own.

Every process of a run imports this module, as it would `sales_assets.definitions`.
"""

import os
from contextlib import ExitStack

from sales_assets.definitions import defs
from sales_assets_tests.support.snowflake import speaking_to, without_what_it_lacks

_patches = ExitStack()
_patches.enter_context(speaking_to(int(os.environ["STAND_IN_PORT"])))
_patches.enter_context(without_what_it_lacks())

__all__ = ["defs"]
