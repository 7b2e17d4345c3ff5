"""The pictures of the README, taken by a browser from what `make demo` made in a copy of the project.

`make screenshots` rewrites them; nothing in them is drawn or cut by hand.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sales_assets.reports.dashboard.page import PAGE_NAME
from sales_assets.settings import ROOT, Settings
from sales_assets_tests.support.browser import WIDTH, Catalog, opened_catalog, running_browser, why_no_browser
from sales_assets_tests.support.dagster_dev import running_dagster_dev
from sales_assets_tests.support.data_dir import copy_project
from sales_assets_tests.support.fixtures import stop_servers
from sales_assets_tests.support.python_process import run_python

PICTURES = ROOT / "docs" / "pictures"
NAVIGATION_WIDTH = 240
"""Of the UI's own navigation, which the pictures leave out."""


def show_graph(catalog: Catalog) -> None:
    """What `daily_sales` is made of."""
    # Only a large window shows more of an asset than its name.
    catalog.page.set_viewport_size({"width": 1900, "height": 1000})
    catalog.open("assets/gold/daily_sales?view=lineage&lineageScope=upstream&lineageDepth=4")
    catalog.page.get_by_text("Passed").nth(3).wait_for()
    catalog.page.get_by_text("Loading").first.wait_for(state="hidden")


def show_plot(catalog: Catalog) -> None:
    """The plot of `daily_sales` on its page."""
    catalog.page.set_viewport_size({"width": WIDTH, "height": 560})
    catalog.open("assets/gold/daily_sales")
    row = catalog.page.get_by_role("row").filter(has_text="plot")
    row.get_by_text("[Show Markdown]").click()
    catalog.page.get_by_role("dialog").locator("img").wait_for()


def show_checks(catalog: Catalog) -> None:
    """The checks of `fct_orders`, with the comparison with the ERP."""
    catalog.page.set_viewport_size({"width": WIDTH, "height": 750})
    catalog.open("assets/gold/fct_orders?view=checks&checkDetail=agrees_with_the_erp")
    catalog.see_one_of("Passed")


SHOWN: dict[str, Callable[[Catalog], None]] = {
    "graph": show_graph,
    "daily_sales": show_plot,
    "checks": show_checks,
}


def take_pictures(checkout: Path) -> None:
    """Run two years and the demo in a copy of the project, and take every picture."""
    yesterday = str(datetime.now(UTC).date() - timedelta(days=1))
    for command in (["backfill", Settings.first_day, yesterday], ["demo"]):
        code, output = run_python("-m", "sales_assets.commands", *command, checkout=checkout)
        if code != 0:
            message = f"`make {command[0]}` failed in a copy of the project:\n{output}"
            raise RuntimeError(message)
    PICTURES.mkdir(exist_ok=True)
    take_picture_of_dashboard(checkout / ".data" / "reports" / PAGE_NAME, PICTURES / "dashboard.png")
    with running_dagster_dev(checkout) as url, opened_catalog(url) as catalog:
        for name, show in SHOWN.items():
            show(catalog)
            take_picture(catalog, PICTURES / f"{name}.png")


def take_picture_of_dashboard(page: Path, file: Path) -> None:
    """Take one of the upper part of the dashboard."""
    with running_browser() as browser:
        window = browser.new_page(viewport={"width": WIDTH, "height": 1150}, reduced_motion="reduce")
        window.goto(page.as_uri())
        window.wait_for_selector("body[data-state=drawn]")
        window.screenshot(path=file)


def take_picture(catalog: Catalog, file: Path) -> None:
    """Take one of the page that is open."""
    width, height = catalog.page.viewport_size.values()
    clip = {"x": NAVIGATION_WIDTH, "y": 0, "width": width - NAVIGATION_WIDTH, "height": height}
    catalog.page.screenshot(path=file, clip=clip, animations="disabled")


if __name__ == "__main__":
    if missing := why_no_browser():
        raise SystemExit(missing)
    with TemporaryDirectory(prefix="sales-", ignore_cleanup_errors=True) as folder:
        try:
            take_pictures(copy_project(Path(folder)))
        finally:
            stop_servers(Path(folder) / "clone" / ".data")
