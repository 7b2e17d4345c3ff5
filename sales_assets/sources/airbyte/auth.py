"""How Airbyte is authenticated: an application's token, a user's password, or nothing.

A token is asked for when it is needed and before it expires. Which of the three it is, is a setting.
"""

import time
from dataclasses import dataclass, field

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from sales_assets.redaction import redact_secrets
from sales_assets.sources.airbyte.failures import judged, unreachable

_TOKEN_SECONDS = 180.0
"""How long Airbyte's tokens last where it does not say."""

_MARGIN = 0.8
"""A token is renewed when so much of its time has passed."""


class _Unsigned(AuthBase):
    """Sends a request as it is; without it, requests would look for a password in a `.netrc`."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


@dataclass(frozen=True)
class _Bearer(AuthBase):
    token: str = field(repr=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


@dataclass
class Login:
    """Credentials, and the token that they got.

    Attributes:
        client_id: Of an Airbyte application.
        client_secret: Of the same.
        username: Of a user, for servers behind a password.
        password: Of the same.
    """

    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    _token: str = field(default="", repr=False)
    _good_until: float = 0.0

    def authorisation(self, session: requests.Session, public: str, timeout_seconds: float) -> AuthBase:
        """What signs a request; asks for a token if there is none that is good.

        Args:
            session: To ask with.
            public: Base URL of the public API.
            timeout_seconds: How long to wait for the token.
        """
        if self.username and self.password:
            return HTTPBasicAuth(self.username, self.password)
        if not (self.client_id and self.client_secret):
            return _Unsigned()
        if not self._token or time.monotonic() > self._good_until:
            self._renew(session, f"{public}/applications/token", timeout_seconds)
        return _Bearer(self._token)

    def forget(self) -> bool:
        """Drop the token; False if there is none, so that trying again is of no use."""
        had, self._token = bool(self._token), ""
        return had

    def redact(self, text: str) -> str:
        """The text without secrets."""
        return redact_secrets(text, filter(None, (self.client_secret, self.password, self._token)))

    def _renew(self, session: requests.Session, url: str, timeout_seconds: float) -> None:
        body = {"client_id": self.client_id, "client_secret": self.client_secret}
        try:
            answer = session.post(
                url, json=body, auth=_Unsigned(), timeout=timeout_seconds, allow_redirects=False
            )
        except requests.RequestException as error:
            raise unreachable(url, error) from None
        told = judged(answer, self)
        if not isinstance(told.get("access_token"), str):
            raise unreachable(url, "an answer without a token")
        lasts = told.get("expires_in")
        seconds = float(lasts) if isinstance(lasts, int | float) and lasts > 0 else _TOKEN_SECONDS
        self._token, self._good_until = told["access_token"], time.monotonic() + _MARGIN * seconds
