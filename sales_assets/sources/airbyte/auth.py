"""Authentication at Airbyte: an application's token, a user's password, or none.

A token is requested on first use and renewed before it expires. The settings decide which one applies.
"""

import time
from dataclasses import dataclass, field

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from sales_assets.redaction import redact_secrets
from sales_assets.sources.airbyte.failures import build_unavailable_error, read_json_object

_DEFAULT_TOKEN_SECONDS = 180.0
"""Lifetime of Airbyte's tokens where the server does not return it."""

_RENEW_AFTER = 0.8
"""A token is renewed after this part of its lifetime."""


class _NoAuth(AuthBase):
    """Sends a request without credentials; with `auth=None`, requests would read a password from `.netrc`."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


@dataclass(frozen=True)
class _BearerAuth(AuthBase):
    token: str = field(repr=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


@dataclass
class Login:
    """Credentials, and the token that was issued for them.

    Attributes:
        client_id: Of an Airbyte application.
        client_secret: Of the application.
        username: Of a user, for servers behind a password.
        password: Of the user.
    """

    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    _token: str = field(default="", repr=False)
    _renew_at: float = 0.0

    def build_auth(self, session: requests.Session, public: str, timeout_seconds: float) -> AuthBase:
        """Build the authentication of a request; requests a token if there is no valid one.

        Args:
            session: Sends the request for a token.
            public: Base URL of the public API.
            timeout_seconds: How long to wait for the token.
        """
        if self.username and self.password:
            return HTTPBasicAuth(self.username, self.password)
        if not (self.client_id and self.client_secret):
            return _NoAuth()
        if not self._token or time.monotonic() > self._renew_at:
            self._renew_token(session, f"{public}/applications/token", timeout_seconds)
        return _BearerAuth(self._token)

    def forget_token(self) -> bool:
        """Drop the token; False if there was none, so that sending the request again is pointless."""
        had_token, self._token = bool(self._token), ""
        return had_token

    def redact(self, text: str) -> str:
        """Replace the secrets in a text."""
        return redact_secrets(text, filter(None, (self.client_secret, self.password, self._token)))

    def _renew_token(self, session: requests.Session, url: str, timeout_seconds: float) -> None:
        body = {"client_id": self.client_id, "client_secret": self.client_secret}
        try:
            answer = session.post(
                url, json=body, auth=_NoAuth(), timeout=timeout_seconds, allow_redirects=False
            )
        except requests.RequestException as error:
            raise build_unavailable_error(url, error) from None
        payload = read_json_object(answer, self)
        token, expires_in = payload.get("access_token"), payload.get("expires_in")
        if not isinstance(token, str):
            raise build_unavailable_error(url, "the response has no token")
        if not isinstance(expires_in, int | float) or expires_in <= 0:
            expires_in = _DEFAULT_TOKEN_SECONDS
        self._token, self._renew_at = token, time.monotonic() + _RENEW_AFTER * expires_in
