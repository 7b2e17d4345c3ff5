"""The location of `bench.terminations`: ours with an executor of choice, on DuckDB or Snowflake's stand-in.

Every process of a run imports this module, as it would `sales_assets.definitions`. At SIGUSR2
it writes what its threads do, to the log of the web server.
"""

import faulthandler
import os
import signal
from dataclasses import replace
from unittest.mock import patch

import dagster as dg

from sales_assets import resources
from sales_assets.settings import Environment

build_executor = resources.build_executor
_EXECUTORS = {
    "in process": lambda _: dg.in_process_executor,
    "multiprocess": lambda settings: build_executor(replace(settings, environment=Environment.PROD)),
}

faulthandler.register(signal.SIGUSR2)

with patch.object(resources, "build_executor", _EXECUTORS[os.environ["TERMINATIONS_EXECUTOR"]]):
    if "EMULATOR_PORT" in os.environ:
        from sales_assets_tests.support.on_snowflake_emulator import defs
    else:
        from sales_assets.definitions import defs

__all__ = ["defs"]
