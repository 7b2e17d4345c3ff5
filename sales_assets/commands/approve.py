"""`sales-assets approve WHAT --why …` publishes a restated month or a model that was held back."""

import getpass
from argparse import Namespace

from sales_assets.catalog.approvals import find_held_back, record_approval
from sales_assets.catalog.names import MONTHLY_REVENUE_KEY
from sales_assets.commands import repair
from sales_assets.commands.console import open_instance, print_line
from sales_assets.ml.model_io_manager import ModelIOManager
from sales_assets.operations.approval.closed_months import month_window
from sales_assets.operations.approval.models import MODEL_SUBJECTS, approve_model, describe_next_step
from sales_assets.settings import settings


def run(options: Namespace) -> int:
    """Approve and publish a month or a model; the exit code is 0 if no run failed."""
    with open_instance() as instance:
        if not options.what:
            keys = (MONTHLY_REVENUE_KEY, *MODEL_SUBJECTS.values())
            held = {subject: each for key in keys for subject, each in find_held_back(instance, key).items()}
            for entry in held.values():
                print_line(entry.reason)
            if not held:
                print_line("Nothing waits for approval.")
            return 0
        by = options.by or getpass.getuser()
        if options.what in MODEL_SUBJECTS:
            models = ModelIOManager(root=settings().models_root)
            model = approve_model(instance, models, options.what, by=by, why=options.why)
            print_line(f"Approved by {by}: {model.reason} {describe_next_step(options.what)}")
            return 0
        held_back = record_approval(instance, MONTHLY_REVENUE_KEY, options.what, by=by, why=options.why)
        print_line(f"Approved by {by}: {held_back.reason}")
    days = month_window(options.what).days
    return repair.run(Namespace(first=days[0], last=days[-1], run=True))
