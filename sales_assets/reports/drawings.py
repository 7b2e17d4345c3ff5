"""Images of charts, as SVG and within Markdown. To draw needs the extra `reports`; to import this does not.

What a chart looks like belongs to `charts.py`.
"""

import base64
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sales_assets.reports.charts import Chart

_DRAWING_PROCESS = Path(__file__).with_name("draw_svgs.py")


def can_draw() -> bool:
    """Whether the extra `reports` is installed."""
    return all(map(find_spec, ("altair", "vl_convert")))


def draw_svgs(charts: Sequence["Chart"]) -> list[str]:
    """Draw charts as SVG, 10 to 20 kB each, whose fonts are the reader's.

    Without a label for each mark (`aria`), which would be half of it; the image's title is read instead.

    Raises:
        subprocess.CalledProcessError: The process that draws failed; what it said is on the standard error.
    """
    if not charts:
        return []
    plain = [chart.configure(aria=False).configure_axis(ticks=False, labelPadding=5) for chart in charts]
    drawn = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, str(_DRAWING_PROCESS)],
        input=json.dumps([chart.configure_axisX(grid=False).to_dict() for chart in plain]),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        start_new_session=True,  # Ctrl-C is for the run, which ends it
    )
    svgs: list[str] = json.loads(drawn.stdout)
    return svgs


def draw_markdown(charts: Mapping[str, "Chart"]) -> dict[str, str]:
    """Draw charts as images within Markdown, which need no file and no server.

    Args:
        charts: The charts by title.

    Returns:
        The Markdown by title.
    """
    drawings = zip(charts, draw_svgs(list(charts.values())), strict=True)
    return {title: _embed(svg, title) for title, svg in drawings}


def _embed(svg: str, title: str) -> str:
    content = base64.b64encode(svg.encode()).decode()
    return f"![{title}](data:image/svg+xml;base64,{content})"
