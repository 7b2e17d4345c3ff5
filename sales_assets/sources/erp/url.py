"""The ERP's URL, taken apart so that an error can name the server and never the password.

libpq's message about a URL that it cannot read may quote parts of the password. So libpq never gets the
configured URL, only one that is built here from parsed and encoded parts.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from sales_assets.errors import RefusedError
from sales_assets.redaction import redact_error, redact_secrets

_KEEPALIVE = {
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""A server that vanished without a word is noticed within a minute; a Unix socket has none of this."""

_INVALID_URL = (
    "ERP_POSTGRES_URL is not a PostgreSQL URL. It must look like "
    "postgresql://user:password@host:5432/database, with one host and with the characters @ : / ? # % of the "
    "user and the password percent-encoded (@ is %40). No stored data was changed."
)
_NOISE = re.compile(r"^.*?\[libpq\] |\s*(Query was:.*|SQLSTATE: \w+)", re.DOTALL)


@dataclass(frozen=True)
class ErpUrl:
    """A URL to connect to, and its description for messages.

    Attributes:
        uri: The URL for the driver; holds the password.
        description: Host, port, database and user.
        password: Must not appear in a message; empty if there is none.
    """

    uri: str = field(repr=False)
    description: str
    password: str = field(repr=False)

    def __str__(self) -> str:
        return self.description

    @classmethod
    def parse(cls, url: str, connect_timeout_seconds: int) -> "ErpUrl":
        """Parse the URL of a PostgreSQL server.

        Args:
            url: As libpq takes it; a parameter such as `?user=` overrides the same part of the URL.
            connect_timeout_seconds: Applies unless the URL has a `connect_timeout` of its own, as do the
                times after which a silent server counts as gone.

        Raises:
            RefusedError: It is not such a URL; the message repeats no part of it.
        """
        try:
            parts = urlsplit(url.strip())
            port = parts.port
            parameters = dict(
                parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
            )
        except ValueError:
            raise RefusedError(_INVALID_URL) from None
        if not _is_valid(parts, parameters):
            raise RefusedError(_INVALID_URL)
        located = {
            "host": _read_host(parts),
            "port": str(port or ""),
            "user": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "dbname": unquote(parts.path[1:]),
            "connect_timeout": str(connect_timeout_seconds),
            **_KEEPALIVE,
        }
        settings = {name: value for name, value in located.items() if value} | parameters
        return cls(
            uri=f"postgresql:///?{urlencode(settings, quote_via=quote)}",
            description=_describe(settings),
            password=settings.get("password", ""),
        )

    def clean(self, message: str) -> str:
        """Return a driver's message on one line, without its preamble, the query, values and the password."""
        text = redact_error(redact_secrets(_NOISE.sub(" ", message), [self.password]))
        text = " ".join(text.split())
        return text if text.endswith(".") else f"{text}."


def _is_valid(parts: SplitResult, parameters: dict[str, str]) -> bool:
    has_host = bool(parts.hostname or parameters.get("host"))
    # A part of a password that was not percent-encoded.
    has_remnant = "@" in parts.path or "@" in parts.query or bool(parts.fragment)
    return parts.scheme in ("postgresql", "postgres") and has_host and not has_remnant


def _read_host(parts: SplitResult) -> str:
    """The host, or the folder of a Unix socket, whose case `SplitResult.hostname` would lose."""
    host = unquote(parts.hostname or "")
    return unquote(parts.netloc.rpartition("@")[2].partition(":")[0]) if host.startswith("/") else host


def _describe(settings: dict[str, str]) -> str:
    user = settings.get("user", "")
    address = f"{settings['host']}:{settings.get('port', '5432')}"
    return f"{address}, database {settings.get('dbname', user)}, user {user}"
