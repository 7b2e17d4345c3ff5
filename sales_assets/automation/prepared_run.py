"""What each run needs beside the location, loaded by the fork server that a code server's runs come from.

Importing it takes seconds, so nothing else imports it: it imports dbt, Dagster's storage and the plots, and
loads the dbt project. Who forks runs, and when, belongs to `private_apis/forked_runs.py`.
"""

import gc
from contextlib import suppress
from pathlib import Path

from sales_assets.dbt.project import PARSED, prepare_project
from sales_assets.dbt.runner import keep_manifest
from sales_assets.private_apis import event_log, history
from sales_assets.private_apis.forked_runs import keep_exit_handlers
from sales_assets.settings import settings

with suppress(ModuleNotFoundError):  # of the extra `reports`
    from sales_assets.reports import charts

__all__ = ["charts", "event_log", "history"]

keep_exit_handlers()
keep_manifest(Path(prepare_project(settings()).target_path) / PARSED)

# Without it, each child would look through half a million objects, and write into memory that all share.
gc.collect()
gc.freeze()
