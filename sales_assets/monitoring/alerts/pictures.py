"""The picture of an alert: the plot that the catalog shows of an asset, as services take it.

Which alert has a picture is decided where the alert is built.
"""

import base64
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

_SVG = re.compile(r"\(data:image/svg\+xml;base64,([^)]+)\)")
_SCALE = 2


def find_plot(instance: dg.DagsterInstance, asset: dg.AssetKey) -> str:
    """Find the plot that the latest build of an asset drew.

    Returns:
        An SVG as base64; empty if there is none.
    """
    event = instance.get_latest_materialization_event(asset)
    built = event.asset_materialization if event else None
    plot = built.metadata.get("plot") if built else None
    found = _SVG.search(str(plot.value)) if plot else None
    return found[1] if found else ""


@contextmanager
def attached(picture: str) -> Iterator[str | None]:
    """Have a picture as a PNG file, which every service shows.

    Args:
        picture: An SVG as base64, or nothing.

    Yields:
        The file's path; None without a picture, or without the extra `reports`.
    """
    draw = _import_drawing() if picture else None
    if draw is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plot.png"
        file.write_bytes(draw(base64.b64decode(picture).decode(), scale=_SCALE))
        yield str(file)


def _import_drawing() -> Callable[..., bytes] | None:
    try:
        from vl_convert import svg_to_png  # noqa: PLC0415 - an extra, and only a digest needs it
    except ImportError:
        return None
    draw: Callable[..., bytes] = svg_to_png
    return draw
