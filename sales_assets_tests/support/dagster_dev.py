"""`dagster dev` in a checkout of its own, as `make dev` starts it: code server, web server and daemon."""

import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sales_assets_tests.support.python_process import PythonProcess

_SERVING = re.compile(r"Serving dagster-webserver on (http://\S+)")


@contextmanager
def running_dagster_dev(checkout: Path, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run it until the end of the block; yields its URL, of a port that was free."""
    variables = {"DAGSTER_HOME": str(checkout), **(environment or {})}
    process = PythonProcess(
        "-m", "dagster", "dev", "--host", "127.0.0.1", environment=variables, checkout=checkout
    )
    with process.serving(_SERVING, signal.SIGINT) as serving:
        yield serving[1]
