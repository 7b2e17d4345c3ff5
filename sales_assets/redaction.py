"""Keeps secrets and personal data out of every text: errors, logs, metadata, previews, reprs.

There is one mask, `[redacted]`. What is secret is passed in: this module reads no settings, knows no source.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

MASK = "[redacted]"

LONGEST_VALUE = 200
"""How many characters of a single value are shown; there is more where it is stored."""

LONGEST_ERROR = 4000
"""How many characters of another program's error are shown."""

# Looks back, and never tries a part of a word: a million letters without an @ would take hours.
_EMAIL = re.compile(r"(?<![^\s@\"'<>(),;:])[^\s@\"'<>(),;:]++@[^\s@\"'<>(),;:]+")
_NAMED = (
    r"(?i:column|constraint|database|function|identifier|index|macro|model|named|node|object|provided:|role|schema|"
    r"source|stage|table|test|view|warehouse)"
)
_NAME = re.compile(rf"\b({_NAMED}) '([\w.$\"-]+)'")
_FOREIGN_VALUES = [
    (re.compile(pattern, re.DOTALL | re.MULTILINE), replacement)
    for pattern, replacement in (
        (r"\bLINE (\d+):[^\n]*(?:\n[ \t]*[\^~]+)?", r"(line \1)"),  # an excerpt of the statement
        (r"\b(Failing row contains|JSON data, line \d+:) [^\n]*", rf"\1 {MASK}"),
        (r"\b(Key \([^)]*\))=\(.*?(?:\)(?= (?:already|is|conflicts|with)\b|[.;,]|\s*$)|\Z)", rf"\1=({MASK})"),
        (r"\b(key \"[^:\"]+): .*?(?:\"(?= violates)|\Z)", rf'\1: {MASK}"'),
        (r"\b(found|[Tt]oken|value) \".*?(?:\"(?=\s|[.,;]|$)|\Z)", rf"\1 {MASK}"),
        (r"\b(with value) \S+", rf"\1 {MASK}"),
        (
            r"(?<=[a-z0-9])(?<!bindings):\s*[\"»„“].*?(?:[\"«”“](?=\s*$|\.(?:\s|$)|, expected)|\Z)",
            f": {MASK}",
        ),
    )
]
"""Where PostgreSQL, DuckDB, Snowflake and dbt put values into their messages, other than in single quotes."""

_LITERAL = re.compile(r"(?<!\w)'(?:''|.)*?'(?!\w)", re.DOTALL)
_WIDEST_LITERAL = re.compile(r"(?<!\w)'(?:.*'(?!\w)|.*)", re.DOTALL)
_STRAY_QUOTE = re.compile(r"'(?!\w)|(?<!\w)'")

_SECRET_NAMES = re.compile(
    "PASSWORD|SECRET|PRIVATE_KEY|PASSPHRASE|TOKEN|KEY_ID|POSTGRES_URL|ALERT_URLS|HEARTBEAT_URL|LAKE_CATALOG_URI"
)
_PUBLIC_NAMES = ("SNOWFLAKE_PRIVATE_KEY_PATH",)
_URL_NAMES = ("ALERT_URLS", "ALERT_URLS_CRITICAL", "HEARTBEAT_URL")
_SHORTEST_URL_PART = 8
"""Such URLs are tokens in all their parts; a part as short as `hooks` is none, and is a common word."""

_SHORTEST_PART = 8
"""A shorter value is replaced only where it stands alone: a password such as `a` is in every word."""

_PUBLIC_VALUE = re.compile(r"[A-Za-z/_.+-]+|[\d.,:/-]+|.{0,7}", re.DOTALL)
"""A public value that is shown, so that a misspelt one can be seen: words, numbers, and what is short."""


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


def redact_settings(text: str, variables: Mapping[str, str]) -> str:
    """Replace the values of environment variables, by a mask that names the variable.

    Public values are replaced too if they look like a secret: it may be in the wrong variable.

    Args:
        text: What is going to be shown.
        variables: Names and values of the settings.
    """
    masks: dict[str, str] = {}
    for name, value in variables.items():
        is_secret = _is_secret(name)
        forms = (
            _secret_forms(value) if is_secret else _written_forms([value, value.strip(), *_passwords(value)])
        )
        if name in _URL_NAMES:
            forms = [*forms, *_url_parts(value)]
        masks |= {form: f"[redacted {name}]" for form in forms if is_secret or _may_be_secret(form)}
    return _replace(text, masks)


def only_secrets(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables whose values must not be shown."""
    return {name: value for name, value in variables.items() if _is_secret(name)}


def redact_emails(text: str) -> str:
    """Replace whatever looks like an e-mail address."""
    return _EMAIL.sub(MASK, text)


def redact_error(text: str) -> str:
    """Take the values out of an error of a database or of dbt, and cut it.

    Its class and code stay, and the names of tables, columns and constraints. The whole text is in the log of
    the program that wrote it.
    """
    is_long = len(text) > 2 * LONGEST_ERROR
    shown = text[:LONGEST_ERROR] + text[-LONGEST_ERROR:] if is_long else text
    for pattern, replacement in _FOREIGN_VALUES:
        shown = pattern.sub(replacement, shown)
    shown = _NAME.sub(r"\1 \0\2\0", shown)  # Snowflake and dbt quote names like values
    redacted = _LITERAL.sub(MASK, shown)
    if _STRAY_QUOTE.search(redacted):  # a value with a quote in it: nobody knows where it ends
        redacted = _WIDEST_LITERAL.sub(MASK, shown)
    redacted = redact_emails(redacted).replace("\0", "'")
    return cut_text(redacted, LONGEST_ERROR, length=len(text) if is_long else 0)


def cut_text(text: str, longest: int = LONGEST_VALUE, *, length: int = 0) -> str:
    """Return a text, or its beginning and how long it was.

    Args:
        text: What is going to be shown.
        longest: How many characters of it to show.
        length: How long it was, if it was shortened before.
    """
    length = length or len(text)
    return text if length <= longest else f"{text[:longest]}… (cut, {length} characters)"


def _replace(text: str, masks: Mapping[str, str]) -> str:
    """Replace the longest values first, so that no part of one is left over."""
    for value in sorted(filter(None, masks), key=len, reverse=True):
        if len(value) >= _SHORTEST_PART:
            text = text.replace(value, masks[value])
        else:
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", masks[value], text)
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


def _may_be_secret(value: str) -> bool:
    return _PUBLIC_VALUE.fullmatch(value) is None


def _is_secret(name: str) -> bool:
    return name not in _PUBLIC_NAMES and _SECRET_NAMES.search(name) is not None


def _url_parts(value: str) -> list[str]:
    """The URLs in a value, and whatever in them may be a token: what stands between slashes and such."""
    parts = [part for part in re.split(r"[\s,/:@?&=#]+", value) if len(part) >= _SHORTEST_URL_PART]
    return [*re.split(r"[\s,]+", value), *parts, *map(unquote, parts)]


def _passwords(url: str) -> list[str]:
    unencoded = re.findall(r"^\w+://[^:/@]*:(.*)@", url)  # an @ or / in it, which ends it for any parser
    try:
        parts = urlsplit(url)
    except ValueError:
        return unencoded
    asked = [word for name, word in parse_qsl(parts.query) if name == "password"]
    passwords = [parts.password or "", unquote(parts.password or ""), *asked, *unencoded]
    return [*passwords, *(quote(unquote(password), safe="") for password in passwords)]
