"""Keeps secrets and personal data out of every text: errors, logs, metadata, previews, reprs.

There is one mask, `[redacted]`. What is secret is passed in: this module reads no settings, knows no source.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

MASK = "[redacted]"

_EMAIL = re.compile(r"[^\s@\"'<>(),;:]+@[^\s@\"'<>(),;:]+")
_SECRET_NAMES = re.compile("PASSWORD|SECRET|PRIVATE_KEY|PASSPHRASE|TOKEN|KEY_ID|POSTGRES_URL|ALERT_URLS")
_PUBLIC_NAMES = ("SNOWFLAKE_PRIVATE_KEY_PATH",)
_SHORTEST_PUBLIC_VALUE = 12
"""A name such as `sales` is no secret, and would be found in half of all words."""


class RedactedReprMixin:
    """For resources whose library declares secrets as ordinary fields: the repr names fields, shows no value.

    Put it before the library's class. A field of our own that is a secret says so by `Field(repr=False)`.
    """

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """See pydantic's `BaseModel.__repr_args__`."""
        return ((name, MASK) for name, _ in super().__repr_args__())  # type: ignore[misc]


def redact_secrets(text: str, secrets: Iterable[str]) -> str:
    """Replace secrets, in every form in which a library's message may write them.

    Args:
        text: What is going to be shown.
        secrets: Passwords, tokens and keys; empty ones are ignored.
    """
    return _replace(text, {form: MASK for secret in secrets for form in _secret_forms(secret)})


def redact_settings(text: str, variables: Mapping[str, str], *, all_values: bool = False) -> str:
    """Replace the values of environment variables, by a mask that names the variable.

    Public values are replaced too if they are long: what is in a variable may have been meant for another.

    Args:
        text: What is going to be shown.
        variables: Names and values of the settings.
        all_values: Whether short public values are replaced as well.
    """
    masks: dict[str, str] = {}
    for name, value in variables.items():
        is_secret = name not in _PUBLIC_NAMES and _SECRET_NAMES.search(name) is not None
        shortest = 1 if is_secret or all_values else _SHORTEST_PUBLIC_VALUE
        forms = (
            _secret_forms(value) if is_secret else _written_forms([value, value.strip(), *_passwords(value)])
        )
        masks |= {form: f"[redacted {name}]" for form in forms if len(form) >= shortest}
    return _replace(text, masks)


def redact_emails(text: str) -> str:
    """Replace whatever looks like an e-mail address."""
    return _EMAIL.sub(MASK, text)


def _replace(text: str, masks: Mapping[str, str]) -> str:
    """Replace the longest values first, so that no part of one is left over."""
    for value in sorted(filter(None, masks), key=len, reverse=True):
        text = text.replace(value, masks[value])
    return text


def _secret_forms(secret: str) -> list[str]:
    """A secret as it is, quoted, URL-encoded and line by line; and the passwords in it if it is a URL."""
    lines = [line for line in secret.replace("\\n", "\n").splitlines() if not line.startswith("-----")]
    plain = [secret, secret.strip(), *_passwords(secret)]
    return [*_written_forms(plain), quote(secret, safe=""), quote_plus(secret), *lines]


def _written_forms(values: Iterable[str]) -> list[str]:
    """Values as they are, and as Python and JSON write them."""
    return [
        form
        for value in values
        for form in (
            value,
            repr(value)[1:-1],
            json.dumps(value)[1:-1],
            json.dumps(value, ensure_ascii=False)[1:-1],
        )
    ]


def _passwords(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    asked = [word for name, word in parse_qsl(parts.query) if name == "password"]
    passwords = [parts.password or "", unquote(parts.password or ""), *asked]
    return [*passwords, *(quote(unquote(password), safe="") for password in passwords)]
