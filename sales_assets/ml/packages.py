"""Whether the packages of the extra `ml` are installed, and what to do if not.

Modules of this room import them inside functions, after this has been asked.
"""

from importlib.util import find_spec

from sales_assets.errors import RefusedError

_NEEDED = ("sklearn", "threadpoolctl")


def require_ml_packages(asset: str) -> None:
    """Refuse a run that lacks the packages.

    Args:
        asset: The asset that needs them.

    Raises:
        RefusedError: One of them is not installed; says how to install them.
    """
    if any(find_spec(package) is None for package in _NEEDED):
        message = (
            f"{asset} needs the extra `ml`. No stored data was changed. "
            "Install it with `pip install 'sales_assets[ml]'`, then run it again."
        )
        raise RefusedError(message)
