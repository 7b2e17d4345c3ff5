"""A person at the Dagster UI: Chromium, driven by playwright, and the clicks that journeys share.

Playwright brings no browser here: it drives the one that the machine has. It waits for what it looks for, as
a person does, so nothing sleeps.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MILLISECONDS = 180_000
WIDTH = 1280

_OPTIONS = [
    "--no-sandbox",  # which root cannot have
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",  # it talks to the UI alone
    "--disable-component-update",
    "--disable-sync",
]


def why_no_browser() -> str:
    """What is missing, in one line; empty if nothing is."""
    if find_spec("playwright") is None:
        return "playwright is not installed: make browser"
    if _find_browser() is None:
        return f"No browser on the path, none of {', '.join(BROWSERS)}: apt-get install chromium"
    return ""


def _find_browser() -> str | None:
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


class Catalog:
    """The Dagster UI at an address, in one window; `page` is playwright's."""

    def __init__(self, page: Any, url: str):
        self.page = page
        self.url = url

    def open(self, path: str) -> None:
        """Go to a page of the UI."""
        self.page.goto(f"{self.url}/{path}")

    def click(self, role: str, name: str) -> None:
        """Click the first element of a role, by a part of its name."""
        self.page.get_by_role(role, name=name).first.click()

    def see(self, text: str) -> None:
        """Wait until a text is to be seen, also within a longer one."""
        self.page.get_by_text(text).first.wait_for()

    def see_one_of(self, *texts: str) -> str:
        """Wait until one of the texts is to be seen by itself, and return that one."""
        [first, *others] = [self.page.get_by_text(text, exact=True) for text in texts]
        for other in others:
            first = first.or_(other)
        return str(first.first.inner_text())

    def launch(self, days: str) -> None:
        """Fill in the dialog behind *Materialize…*, launch, and follow the link to what was launched."""
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_text("Show all partitions").click()
        selection = dialog.get_by_role("textbox").first
        selection.fill(days)
        selection.press("Enter")
        dialog.get_by_role("button", name="Launch").click()
        self.page.get_by_text("View", exact=True).click()

    def terminate(self) -> None:
        """Terminate the run whose page is open."""
        self.click("button", "Terminate")
        self.page.get_by_role("dialog").get_by_role("button", name="Terminate").click()


@contextmanager
def running_browser() -> Iterator[Any]:
    """A browser of playwright's, until the end of the block."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - of an extra

    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=_find_browser(), args=_OPTIONS) as browser,
    ):
        yield browser


@contextmanager
def opened_catalog(url: str) -> Iterator[Catalog]:
    """A browser with the Dagster UI at a URL, until the end of the block."""
    with running_browser() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": 800}, reduced_motion="reduce")
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        yield Catalog(page, url)
