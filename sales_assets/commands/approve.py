"""`sales-assets approve MONTH --why …` publishes a restatement that was held back."""

import getpass
from argparse import Namespace

from sales_assets.catalog.approvals import find_held_back, record_approval
from sales_assets.catalog.names import MONTHLY_REVENUE_KEY
from sales_assets.commands import repair
from sales_assets.commands.console import open_instance, print_line
from sales_assets.operations.approval.closed_months import month_window


def run(options: Namespace) -> int:
    """Approve and publish a month; the exit code is 0 if no run failed."""
    with open_instance() as instance:
        if not options.what:
            held = find_held_back(instance, MONTHLY_REVENUE_KEY)
            for entry in held.values():
                print_line(entry.reason)
            if not held:
                print_line("Nothing waits for approval.")
            return 0
        by = options.by or getpass.getuser()
        held_back = record_approval(instance, MONTHLY_REVENUE_KEY, options.what, by=by, why=options.why)
        print_line(f"Approved by {by}: {held_back.reason}")
    days = month_window(options.what).days
    return repair.run(Namespace(first=days[0], last=days[-1], run=True))
