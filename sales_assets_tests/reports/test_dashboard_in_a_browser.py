"""The dashboard in a real browser without a network: it draws, its filters filter, its numbers are gold's."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sales_assets.reports.dashboard.content import Trust
from sales_assets.reports.dashboard.page import PLOT_TITLES, build_page
from sales_assets_tests.support.browser import running_browser, why_no_browser
from sales_assets_tests.support.made_up_gold import LAST, make_rows

pytestmark = pytest.mark.slow

if missing := why_no_browser():
    pytest.skip(missing, allow_module_level=True)

ROWS = make_rows(728)


@dataclass
class Reader:
    """A person who reads the page.

    Attributes:
        page: Playwright's.
        problems: What the browser complained of, and what it was refused.
    """

    page: Any
    problems: list[str] = field(default_factory=list)

    def see_drawn(self) -> None:
        """Wait until every plot is drawn."""
        self.page.wait_for_selector("body[data-state=drawn]", timeout=60_000)

    def choose(self, name: str, value: str) -> None:
        """Choose in a list, and wait for the plots."""
        self.page.select_option(f"#{name}", value)
        self.see_drawn()

    def figures(self) -> dict[str, str]:
        """The figures of what is chosen, by their title."""
        titles = self.page.locator("#totals dt").all_inner_texts()
        values = self.page.locator("#totals dd:not(.note)").all_inner_texts()
        return dict(zip(titles, values, strict=True))

    def read_table(self, name: str) -> list[list[str]]:
        """Open the table behind a plot, and return its cells."""
        table = self.page.locator(f"#table-{name}")
        if table.get_attribute("open") is None:
            table.locator("summary").click()
        table.locator("tbody tr").first.wait_for()
        cells: list[list[str]] = table.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.innerText))"
        )
        return cells


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    trust = Trust(last_day="2026-11-27", complete_until="2026-11-27", reconciled_until="2026-11-27")
    page: Path = tmp_path_factory.mktemp("reports") / "sales.html"
    page.write_text(build_page(ROWS, trust, datetime.now(UTC)))
    return page.as_uri()


def read(browser: Any, url: str, **options: Any) -> Reader:
    context = browser.new_context(offline=True, reduced_motion="reduce", **options)
    reader = Reader(context.new_page())
    reader.page.on("console", lambda message: reader.problems.append(message.text))
    reader.page.on("pageerror", lambda error: reader.problems.append(str(error)))
    reader.page.on("requestfailed", lambda request: reader.problems.append(request.url))
    reader.page.goto(url)
    reader.see_drawn()
    return reader


def expect(where: str, days: int = 90) -> tuple[str, str]:
    """Revenue and orders of the last days in gold's rows, as the page shows them."""
    rows = ROWS.sales[ROWS.sales["order_date"] > LAST - pd.Timedelta(days=days)].query(where)
    return f"{rows['total_amount'].sum():,.2f}", f"{rows['order_count'].sum():,}"


def test_everything_is_drawn_and_the_filters_change_figures_plots_and_tables(browser: Any, url: str) -> None:
    reader = read(browser, url)
    drawn = [reader.page.locator(f"#plot-{name} svg").count() for name in PLOT_TITLES]
    assert drawn == [1] * len(PLOT_TITLES)
    revenue, orders = expect("currency == 'EUR'")
    assert (reader.figures()["Revenue, EUR"], reader.figures()["Orders"]) == (revenue, orders)
    assert {row[1] for row in reader.read_table("forecast")} == {"actual", "forecast"}
    assert [row[0] for row in reader.read_table("segments")] == ["corporate", "consumer"]

    reader.choose("segment", "consumer")
    revenue, orders = expect("segment == 'consumer'")
    assert (reader.figures()["Revenue, EUR"], reader.figures()["Orders"]) == (revenue, orders)
    assert reader.read_table("segments") == [["consumer", revenue, orders]]
    cities = reader.read_table("cities")
    assert sorted(row[0] for row in cities) == ["København", "Roma", "Wien"]
    reader.choose("segment", "")

    reader.page.get_by_role("button", name="30 days").click()
    reader.see_drawn()
    assert reader.figures()["Revenue, EUR"] == expect("currency == 'EUR'", days=30)[0]
    assert len(reader.read_table("revenue")) == 30

    reader.choose("currency", "GBP")
    assert reader.figures()["Revenue, GBP"] == expect("channel == 'bazaar'", days=30)[0]
    assert {row[1] for row in reader.read_table("revenue")} == {"bazaar"}
    [unusual] = reader.read_table("anomalies")
    assert unusual[:4] == ["2026-11-27", "bazaar", "marketplaces", "high"]
    assert unusual[4] == "Revenue is <b>more</b> than expected."
    reader.choose("channel", "erp")
    assert reader.figures()["Orders"] == "0"
    assert reader.page.locator("#figure-revenue .nothing").is_visible()
    assert reader.problems == []


def test_a_day_in_the_far_west_is_the_same_day_and_a_phone_and_dark_mode_show_all(
    browser: Any, url: str
) -> None:
    reader = read(
        browser,
        url,
        timezone_id="Pacific/Honolulu",
        color_scheme="dark",
        viewport={"width": 390, "height": 844},
    )
    assert reader.page.evaluate("document.documentElement.scrollWidth") == 390
    assert reader.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 28)"
    label = reader.page.locator("#plot-revenue .role-axis-label text").first
    assert label.evaluate("each => getComputedStyle(each).fill") == "rgb(230, 234, 240)"
    assert reader.read_table("channels")[-1][0] == "2026-11"
    assert "Nov 2026" in reader.page.locator("#plot-channels svg").inner_html()
    assert "Dec 2026" not in reader.page.locator("#plot-channels svg").inner_html()
    assert reader.read_table("revenue")[-1][0] == "2026-11-27"
    assert reader.problems == []
