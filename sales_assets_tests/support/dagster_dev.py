"""`dagster dev` in a checkout of its own, as `make dev` starts it: code server, web server and daemon."""

import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from sales_assets_tests.support.python_process import PythonProcess

_SERVING = re.compile(r"Serving dagster-webserver on (http://\S+)")


@contextmanager
def running_dagster_dev(checkout: Path, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run it until the end of the block; yields its URL, of a port that was free."""
    variables = {"DAGSTER_HOME": str(checkout), **(environment or {})}
    process = PythonProcess(
        "-m", "dagster", "dev", "--host", "127.0.0.1", environment=variables, checkout=checkout
    )
    url = _read_url(process)
    # What nobody reads would fill the pipe, and it would wait.
    reader = Thread(target=list, args=(process.output,))
    reader.start()
    try:
        yield url
    finally:
        process.send(signal.SIGINT)
        reader.join()
        process.wait()


def _read_url(process: PythonProcess) -> str:
    printed: list[str] = []
    for line in process.output:
        printed.append(line)
        if found := _SERVING.search(line):
            return found[1]
    message = f"`dagster dev` ended before it served anything:\n{''.join(printed)}"
    raise RuntimeError(message)
