"""`sales-assets docs`: builds the data dictionary, dbt's documentation as one page that needs no server."""

import shutil
from argparse import Namespace
from pathlib import Path

from sales_assets.commands.console import LOG, print_line, redirect_output_to_log
from sales_assets.dbt.failures import DbtFailedError
from sales_assets.dbt.project import build_dbt_resource, prepare_project
from sales_assets.settings import Settings, make_private_folder, settings

PAGE = Path("reports") / "data_dictionary.html"
"""Where the page is, in the data folder."""


def run(_: Namespace) -> int:
    """Build the page; the exit code is 0 if dbt could read the warehouse."""
    return build_docs(settings())


def build_docs(settings: Settings) -> int:
    """Let dbt describe its models and the warehouse's tables, and keep the page in the data folder."""
    dbt, project = build_dbt_resource(settings), prepare_project(settings)
    page = settings.data_dir / PAGE
    make_private_folder(page.parent)
    try:
        with redirect_output_to_log():
            list(dbt.run(["docs", "generate", "--static"], project, "the data dictionary"))
    except DbtFailedError as error:
        print_line(f"The data dictionary was not built. {error} See {LOG}.")
        return 1
    shutil.copyfile(dbt.target_folder / "static_index.html", page)
    print_line(f"The data dictionary is {page}. Open it in a browser; it needs no server.")
    return 0
