"""Keeps secrets and personal data out of texts: errors, logs, metadata, reprs."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

_SECRET = ("PASSWORD", "SECRET", "PRIVATE_KEY", "PASSPHRASE", "TOKEN", "KEY_ID", "POSTGRES_URL", "ALERT_URLS")
_PUBLIC = ("SNOWFLAKE_PRIVATE_KEY_PATH",)
_SHORTEST_NAME = 12
"""A name such as `sales` is no secret, and would be found in half of all words."""


def masked(text: str, variables: Mapping[str, str], *, all_values: bool = False) -> str:
    """A text in which each variable's value is replaced by the variable's name.

    Args:
        text: What somebody wants to show.
        variables: Names and values of the settings.
        all_values: Whether short values that should be public are replaced too, because what is in a
            variable may have been meant for another.
    """
    found = {piece: name for name, value in variables.items() for piece in _pieces(name, value, all_values)}
    for piece in sorted(found, key=len, reverse=True):
        text = text.replace(piece, f"${found[piece]}")
    return text


def _pieces(name: str, value: str, all_values: bool) -> Iterator[str]:
    """The value, and the parts of it that tell as much."""
    is_secret = name not in _PUBLIC and any(word in name for word in _SECRET)
    shortest = 1 if is_secret or all_values else _SHORTEST_NAME
    parts = [value, value.strip(), *_password(value)]
    parts += [
        form[1:-1] for it in parts for form in (repr(it), json.dumps(it), json.dumps(it, ensure_ascii=False))
    ]
    if is_secret:
        parts += [quote(value, safe=""), quote_plus(value)]
        parts += [line for line in value.replace("\\n", "\n").splitlines() if not line.startswith("-----")]
    yield from (part for part in parts if len(part) >= shortest)


def _password(value: str) -> list[str]:
    try:
        parts = urlsplit(value)
    except ValueError:
        return []
    asked = [word for name, word in parse_qsl(parts.query) if name == "password"]
    passwords = [parts.password or "", unquote(parts.password or ""), *asked]
    return [*passwords, *(quote(unquote(password), safe="") for password in passwords)]


class Discreet:
    """A resource whose repr names its fields and shows no value; put it before the library's class."""

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """See pydantic's `BaseModel.__repr_args__`."""
        return ((name, "…") for name, _ in super().__repr_args__())  # type: ignore[misc]
