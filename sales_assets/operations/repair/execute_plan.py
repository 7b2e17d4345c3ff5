"""Executes a repair plan, and compares its days with the ERP again, so that no repair in vain is repeated."""

import dagster as dg

from sales_assets.operations.repair.gaps import format_days
from sales_assets.operations.repair.launch import PrintLine, execute_runs
from sales_assets.operations.repair.repair_plan import RepairPlan, find_differences
from sales_assets.operations.repair.unchanged import describe_numbers, remember_unchanged
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.warehouse.engine import WarehouseReader

_IN_VAIN = (
    "The repair changed nothing for {days}: they differ from the ERP in the same numbers as before, and are "
    "not planned again. Their data is complete as loaded; find out why it differs, which "
    "`agrees_with_the_erp` shows."
)


def execute_plan(
    plan: RepairPlan,
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    print_line: PrintLine,
    launched_by: str,
    *,
    postgres_erp: PostgresResource,
    warehouse: WarehouseReader,
) -> int:
    """Execute the runs of a plan, and say for which days they changed nothing.

    Args:
        plan: What to run.
        job: Has the assets.
        instance: Records the runs.
        print_line: Called with each line of progress.
        launched_by: The command or job, as the UI shows it.
        postgres_erp: The ERP to compare gold with.
        warehouse: Has gold.

    Returns:
        The number of runs that failed; then nothing is compared.
    """
    failed = execute_runs(plan.runs, job, instance, print_line, launched_by)
    if plan.numbers and not failed:
        left = find_differences(sorted(plan.numbers), postgres_erp, warehouse, instance)
        if in_vain := remember_unchanged(instance, plan.numbers, describe_numbers(left)):
            print_line(_IN_VAIN.format(days=format_days(in_vain)))
    return failed
