"""Translates the errors of Snowflake that no retry will fix; all others are left to the retry policies.

The most important one is a wrong password: after five attempts Snowflake locks the user, for every other
run too.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from snowflake.connector.errors import DatabaseError

from sales_assets.errors import RefusedError
from sales_assets.redaction import redact_error

_CHECK_NAMES_AND_RIGHTS = "Correct the name, or grant the right by deploy/snowflake/grants.sql"
_REMEDIES = {
    "02": _CHECK_NAMES_AND_RIGHTS,
    "28": "Correct SNOWFLAKE_USER and its password or key",
    "42": _CHECK_NAMES_AND_RIGHTS,
}
"""By SQLSTATE class: a missing database or schema, a failed login, and other names and permissions."""


@contextmanager
def translate_refusals(caller: str) -> Iterator[None]:
    """Raise what Snowflake rejects as a refusal; pass other errors on, without values.

    Args:
        caller: Identifies the caller in the message.

    Raises:
        RefusedError: Snowflake rejected the login, a name or a permission; says what to do.
    """
    try:
        yield
    except DatabaseError as error:
        remedy = _REMEDIES.get((error.sqlstate or "")[:2])
        error.msg = redact_error(str(error.msg))
        error.args = (error.msg,)
        if remedy is None:
            raise
        reason = " ".join(error.msg.split()).rstrip(".")
        raise _build_refusal(caller, reason, remedy) from None


@contextmanager
def translate_key_errors(caller: str) -> Iterator[None]:
    """Raise an unreadable private key as a refusal; the connector reads it when it opens a connection.

    Args:
        caller: Identifies the caller in the message.

    Raises:
        RefusedError: The key cannot be read; says what to do.
    """
    try:
        yield
    except (ValueError, TypeError, FileNotFoundError, PermissionError) as error:
        reason = f"the private key cannot be read: {error}".rstrip(".")
        remedy = "Set SNOWFLAKE_PRIVATE_KEY or its path to a key in PEM, with its passphrase if it has one"
        raise _build_refusal(caller, reason, remedy) from None


def _build_refusal(caller: str, reason: str, remedy: str) -> RefusedError:
    return RefusedError(
        f"Snowflake rejected {caller}: {reason}. No stored data was changed. "
        f"{remedy}, then run again; `make doctor` finds other problems."
    )
