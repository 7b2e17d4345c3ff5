"""`sales-assets retention`: lists old history that nothing reads any more; `--run` removes it."""

from argparse import Namespace
from datetime import UTC, datetime

import dagster as dg

from sales_assets.commands.console import open_instance, print_line
from sales_assets.definitions import defs
from sales_assets.operations.retention.op import find_cutoff
from sales_assets.operations.retention.plan import Places, plan_retention
from sales_assets.operations.retention.removal import remove_history
from sales_assets.operations.retention.space import reclaim_space


def run(options: Namespace) -> int:
    """Show what would go, and remove it if requested; the exit code is always 0."""
    needed = {key: (defs.resources or {})[key] for key in ("dbt", "io_manager", "model_io_manager")}
    with open_instance() as instance, dg.build_resources(needed, instance=instance) as resources:
        models = resources.model_io_manager.open_files()
        places = Places(instance, resources.dbt.target_folder, resources.io_manager.engine, models)
        plan = plan_retention(places, find_cutoff(datetime.now(UTC)))
        print_line(str(plan))
        if not options.run:
            print_line("\nNothing was removed. `make retention RUN=1` removes it.")
            return 0
        remove_history(plan, places, print_line)
        print_line(reclaim_space(instance))
    return 0
