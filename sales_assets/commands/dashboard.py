"""`sales-assets dashboard`: opens the dashboard in the browser, or says where it is."""

import webbrowser
from argparse import Namespace
from pathlib import Path

from sales_assets.commands.console import print_line
from sales_assets.reports.dashboard.page import PAGE_NAME
from sales_assets.settings import settings


def run(_: Namespace) -> int:
    """Open the page; the exit code is 1 if it was not made yet."""
    return open_page(settings().reports_root)


def open_page(root: str) -> int:
    """Open the page of a folder, or print where it is: in S3, or on a machine without a browser."""
    if root.startswith("s3://"):
        print_line(f"The dashboard is {root}/{PAGE_NAME}. Open it through whatever serves that bucket.")
        return 0
    page = Path(root) / PAGE_NAME
    if not page.is_file():
        print_line(
            f"The dashboard {page} was not made yet. Run `make demo`, or materialize sales_dashboard in "
            "Dagster's UI."
        )
        return 1
    print_line(f"The dashboard is {page}. It needs no server.")
    webbrowser.open(page.as_uri())
    return 0
