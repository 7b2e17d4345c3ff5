"""How the text of a setting becomes a value, or one sentence about what it must be.

Which settings there are belongs to `schema.py`.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

Choice = TypeVar("Choice", bound=StrEnum)

_SCHEMAS = ("raw", "silver", "staging", "gold", "public", "crm", "payments", "ads")
_TAKEN_DATABASE_NAMES = (*_SCHEMAS, "main", "temp", "system", "information_schema", "pg_catalog")


def parse_choice(given: Mapping[str, str], name: str, choices: type[Choice], default: Choice) -> Choice:
    """One of an enum's values.

    Args:
        given: The variables that are set.
        name: The variable.
        choices: The allowed values.
        default: The value if the variable is not set.

    Raises:
        ValueError: It is another value; lists the allowed ones.
    """
    value = given.get(name, default)
    try:
        return choices(value)
    except ValueError:
        message = f"{name} is {value!r}, but it must be one of: {', '.join(choices)}."
        raise ValueError(message) from None


def find_first_set(given: Mapping[str, str], variables: type[Choice], default: Choice) -> Choice:
    """The first of some variables that is set, in the order of an enum that has their names."""
    return next((variable for variable in variables if variable in given), default)


def parse_path(root: Path, value: str | Path) -> Path:
    """A path, absolute or relative to the root; `~` is the user's home."""
    return root / Path(value).expanduser()


def parse_database_path(root: Path, value: str | Path) -> Path:
    """The path of a DuckDB file, see `parse_path`; its name must serve as the database's in SQL.

    DuckDB names the database after the file, up to the first dot. With the name of a schema, `raw.raw_orders`
    would be ambiguous; dbt does not escape quotes.
    """
    path = parse_path(root, value)
    name = path.name.partition(".")[0]
    if not name or name.lower() in _TAKEN_DATABASE_NAMES or any(quote in name for quote in "'\"`;"):
        taken = ", ".join(_TAKEN_DATABASE_NAMES)
        message = (
            f"SALES_DUCKDB_PATH is {str(value)!r}, but the file's name must have no quote or semicolon and "
            f"must not be one that SQL needs ({taken}); sales.duckdb is allowed."
        )
        raise ValueError(message)
    return path


def parse_lake_warehouse(root: Path, given: Mapping[str, str]) -> str:
    """Where the lake's files are: a URL, also for a path; with a REST catalog a name of its own stays one."""
    value = given.get("LAKE_WAREHOUSE", "").strip()
    if not value or "://" in value or _is_http_url(given.get("LAKE_CATALOG_URI", "")):
        return value.rstrip("/")
    return parse_path(root, value).as_uri()


def parse_currency(value: str) -> str:
    """A currency as three capital letters."""
    if re.fullmatch("[A-Z]{3}", value) is None:
        message = f"SALES_ERP_CURRENCY is {value!r}, but it must be three capital letters such as EUR."
        raise ValueError(message)
    return value


def parse_prefix(value: str) -> str:
    """The prefix of keys in a bucket: empty, or ending with one slash."""
    folder = value.strip("/")
    return f"{folder}/" if folder else ""


def parse_days(given: Mapping[str, str], name: str) -> int | None:
    """A number of days, 1 or more; None if the variable is not set."""
    value = given.get(name)
    if value is None:
        return None
    if not value.isdecimal() or int(value) == 0:
        message = f"{name} is {value!r}, but it must be a number of days, 1 or more."
        raise ValueError(message)
    return int(value)


def parse_share(given: Mapping[str, str], name: str) -> Decimal | None:
    """A share as a number from 0 to 1; None if the variable is not set."""
    value = given.get(name)
    if value is None:
        return None
    if not re.fullmatch(r"0|1|0?\.\d+", value.strip()):
        message = f"{name} is {value!r}, but it must be a share from 0 to 1, such as 0.01 for one percent."
        raise ValueError(message)
    return Decimal(value.strip())


def parse_day(given: Mapping[str, str], name: str, default: str) -> str:
    """A day as YYYY-MM-DD."""
    value = given.get(name, default)
    try:
        is_day = date.fromisoformat(value).isoformat() == value
    except ValueError:
        is_day = False
    if not is_day:
        message = f"{name} is {value!r}, but it must be a day such as 2025-01-01."
        raise ValueError(message)
    return value


def describe_erp(url: str) -> str:
    """Host, port and database of a PostgreSQL URL, without user and password; empty if it is not valid.

    The ERP's resource refuses an invalid one. An `@` after the host is a part of a password that was not
    percent-encoded: then no part of the URL is safe to show.
    """
    try:
        parts = urlsplit(url.strip())
        located = {"host": unquote(parts.hostname or ""), "port": str(parts.port or "5432")}
    except ValueError:
        return ""
    if parts.fragment or "@" in parts.path + parts.query:
        return ""
    located |= {"dbname": unquote(parts.path[1:])} | dict(parse_qsl(parts.query))
    return f"{located['host']}:{located['port']}/{located['dbname']}" if located["host"] else ""


def has_server_url(given: Mapping[str, str], name: str) -> bool:
    """Whether a server's URL is set. It is shown in links, so it must not hold a password."""
    if name not in given:
        return False
    if "@" in given[name] or not _is_http_url(given[name]):
        message = f"{name} must be a URL without user and password, such as https://host.example.com."
        raise ValueError(message)
    return True


def parse_server_url(given: Mapping[str, str], name: str) -> str:
    """A server's URL without a slash at its end; empty if it is not set."""
    return given[name].rstrip("/") if has_server_url(given, name) else ""


def parse_timezone(value: str) -> str:
    """The IANA name of a time zone."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        message = f"SALES_TIMEZONE is {value!r}, but it must be an IANA time zone such as Europe/Rome or UTC."
        raise ValueError(message) from None
    return value


def parse_bucket_url(given: Mapping[str, str], name: str) -> str:
    """The URL of a bucket or of a prefix in it, without a slash at its end; empty if it is not set."""
    value = given.get(name, "").strip().rstrip("/")
    if value and re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+(/[\w.=-]+)*", value) is None:
        message = f"{name} is {value!r}, but it must be a bucket or a prefix in one, as s3://bucket/sales."
        raise ValueError(message)
    return value


def parse_switch(given: Mapping[str, str], name: str) -> bool:
    """Whether something that is off by default is on: 1 or 0."""
    value = given.get(name, "0").strip()
    if value not in ("0", "1"):
        message = f"{name} is {value!r}, but it must be 1 for yes or 0 for no."
        raise ValueError(message)
    return value == "1"


def _is_http_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
