"""The ERP's URL, taken apart so that an error can name the server and never the password.

libpq's own message about a URL that it cannot read may quote parts of the password. So only a URL
that was put together again here, with everything quoted, is handed to it.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from sales_assets.errors import RefusedError
from sales_assets.redaction import redact_secrets

_UNREADABLE = (
    "ERP_POSTGRES_URL is not a PostgreSQL URL. It must look like "
    "postgresql://user:password@host:5432/database, with one host and with the characters @ : / ? # % of the "
    "user and the password percent-encoded (@ is %40). Nothing was read and nothing stored was touched."
)
_NOISE = re.compile(r"^.*?\[libpq\] |\s*(Query was:.*|SQLSTATE: \w+)", re.DOTALL)


@dataclass(frozen=True)
class ErpUrl:
    """A URL that can be connected to and shown.

    Attributes:
        uri: What the driver gets; holds the password.
        shown: Host, port, database and user, for messages.
        secrets: What must not appear in a message.
    """

    uri: str = field(repr=False)
    shown: str
    secrets: tuple[str, ...] = field(repr=False)

    def __str__(self) -> str:
        return self.shown

    @classmethod
    def parse(cls, url: str, connect_timeout_seconds: int) -> "ErpUrl":
        """Read a URL.

        Raises:
            RefusedError: It is not a URL of a PostgreSQL server; no part of it is repeated.
        """
        try:
            parts = urlsplit(url.strip())
            port = parts.port or 5432
            options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        except ValueError:
            raise RefusedError(_UNREADABLE) from None
        if not _is_complete(parts, options):
            raise RefusedError(_UNREADABLE)
        options.setdefault("connect_timeout", str(connect_timeout_seconds))
        host = unquote(parts.hostname or "")
        if host.startswith("/"):
            options["host"], host = unquote(parts.netloc.rpartition("@")[2].partition(":")[0]), ""
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        database = unquote(parts.path[1:]) or options.get("dbname", user)
        credentials = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
        netloc = f"{credentials}@{_quoted_host(host)}" + (f":{port}" if host else "")
        return cls(
            uri=f"postgresql://{netloc}/{quote(database, safe='')}?{urlencode(options, quote_via=quote)}",
            shown=f"{host or options['host']}:{port}, database {database}, user {options.get('user', user)}",
            secrets=tuple({password, quote(password, safe=""), options.get("password", "")} - {""}),
        )

    def clean(self, message: str) -> str:
        """A driver's message on one line, without the driver's preamble, the query and the password."""
        text = " ".join(_NOISE.sub(" ", message).split())
        text = redact_secrets(text, self.secrets)
        return text if text.endswith(".") else f"{text}."


def _is_complete(parts: SplitResult, options: dict[str, str]) -> bool:
    has_host = bool(parts.hostname or options.get("host"))
    stray = "@" in parts.path or "@" in parts.query or bool(parts.fragment)
    return parts.scheme in ("postgresql", "postgres") and has_host and not stray


def _quoted_host(host: str) -> str:
    return f"[{host}]" if ":" in host else quote(host, safe="")
