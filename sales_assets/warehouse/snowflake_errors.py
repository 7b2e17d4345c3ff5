"""Which of Snowflake's errors no retry mends, as sentences; all others are left to the retry policies.

A wrong password above all: after five tries Snowflake locks the user, and with it every other run.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from snowflake.connector.errors import DatabaseError

from sales_assets.errors import RefusedError

_NAMES_AND_RIGHTS = "Correct the name, or grant the right by deploy/snowflake/grants.sql"
_REMEDIES = {
    "02": _NAMES_AND_RIGHTS,
    "28": "Correct SNOWFLAKE_USER and its password or key",
    "42": _NAMES_AND_RIGHTS,
}
"""By SQLSTATE class: a database or schema that is not there, authorization, and other names and rights."""


@contextmanager
def refusals(holder: str) -> Iterator[None]:
    """Tell what Snowflake refuses; what it merely fails in is passed on.

    Args:
        holder: Who asks.

    Raises:
        RefusedError: Says who asked for what, and what to do.
    """
    try:
        yield
    except DatabaseError as error:
        remedy = _REMEDIES.get((error.sqlstate or "")[:2])
        if remedy is None:
            raise
        said = " ".join(str(error.msg).split()).rstrip(".")
        raise _refused(holder, said, remedy) from None


@contextmanager
def key_refusals(holder: str) -> Iterator[None]:
    """Tell of a private key that cannot be read, which is found out when a connection is opened.

    Args:
        holder: Who asks.

    Raises:
        RefusedError: Says who asked, and what to do.
    """
    try:
        yield
    except (ValueError, TypeError, FileNotFoundError, PermissionError) as error:
        remedy = "Give SNOWFLAKE_PRIVATE_KEY or its path a key in PEM, with its passphrase if it has one"
        raise _refused(holder, f"the private key cannot be read: {error}".rstrip("."), remedy) from None


def _refused(holder: str, said: str, remedy: str) -> RefusedError:
    return RefusedError(
        f"Snowflake let {holder} do nothing: {said}. What was stored before is kept. "
        f"{remedy}, then run it again; `make doctor` tells what else is wrong."
    )
