"""How the text of a setting becomes a value, or a sentence about what it must be.

Which settings there are, and where their text comes from, belongs to `settings.py`.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo


def currency(value: str) -> str:
    """A currency by its three letters."""
    if re.fullmatch("[A-Z]{3}", value) is None:
        message = f"SALES_ERP_CURRENCY is {value!r}, but it must be three capital letters such as EUR."
        raise ValueError(message)
    return value


def prefix(value: str) -> str:
    """How keys begin: empty, or with one slash at its end."""
    folder = value.strip("/")
    return f"{folder}/" if folder else ""


def days(given: Mapping[str, str], name: str) -> int | None:
    """A number of days that is set, or None."""
    value = given.get(name)
    if value is None:
        return None
    if not value.isdecimal() or int(value) == 0:
        message = f"{name} is {value!r}, but it must be a number of days, 1 or more."
        raise ValueError(message)
    return int(value)


def is_url(given: Mapping[str, str], name: str) -> bool:
    """Whether a server's address is given; it may be shown in links, so it must not hold a password."""
    if name not in given:
        return False
    if "@" in given[name] or not _is_address(given[name]):
        message = f"{name} must be an address without user and password, such as https://airbyte.example.com."
        raise ValueError(message)
    return True


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def timezone(value: str) -> str:
    """The name of a time zone that this machine knows."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        message = f"SALES_TIMEZONE is {value!r}, but it must be an IANA time zone such as Europe/Rome or UTC."
        raise ValueError(message) from None
    return value
