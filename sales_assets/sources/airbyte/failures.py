"""Airbyte's failures: which are unavailable and retried, which are refused, and the sentence for each.

Nothing here sends a request, and no sentence contains a secret.
"""

import contextlib
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests

from sales_assets.errors import RefusedError, UnavailableError

_MAX_WAIT_SECONDS = 60.0
_MAX_REASON_LENGTH = 300
_WHAT_IS_KEPT = "Landed data is kept; a running sync continues."
_HINTS = {
    401: "Check AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET, or AIRBYTE_USERNAME and AIRBYTE_PASSWORD.",
    403: "Check AIRBYTE_WORKSPACE_ID and the permissions of the application or user.",
    404: "If a connection was deleted in Airbyte, `make airbyte-snapshot` removes its assets from the graph.",
}


class AirbyteUnavailableError(UnavailableError):
    """Airbyte did not answer, or not with JSON; the retry policy applies.

    Attributes:
        wait_seconds: How long the server asked to wait before the next request.
    """

    def __init__(self, sentence: str, wait_seconds: float = 0.0):
        super().__init__(sentence)
        self.wait_seconds = wait_seconds


class AirbyteRefusedError(RefusedError):
    """Airbyte rejected a request.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, sentence: str, status: int):
        super().__init__(sentence)
        self.status = status


class SyncFailedError(Exception):
    """A sync failed in Airbyte; the next one may succeed, so the retry policy applies."""


class Redactor(Protocol):
    """Knows the secrets that no text may contain."""

    def redact(self, text: str) -> str:
        """Replace the secrets in a text."""


def build_unavailable_error(url: str, cause: object, wait_seconds: float = 0.0) -> AirbyteUnavailableError:
    """Build the error for a missing or unusable answer.

    Args:
        url: The URL that was requested.
        cause: What happened, in words or as an exception.
        wait_seconds: How long the server asked to wait before the next request.
    """
    reason = cause if isinstance(cause, str) else _describe_exception(cause)
    parts = urlsplit(url)
    sentence = (
        f"Airbyte at {parts.scheme}://{parts.netloc} did not answer {parts.path}: {reason}. {_WHAT_IS_KEPT} "
        "The retry policy tries again; if every retry fails, check that Airbyte is up, then rerun."
    )
    return AirbyteUnavailableError(sentence, wait_seconds)


def _describe_exception(error: object) -> str:
    """A failed connection in a few words; the exception's own text is long and adds nothing."""
    if isinstance(error, requests.Timeout):
        return "timed out"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return f"invalid response ({type(error).__name__})"


def read_json_object(answer: requests.Response, redactor: Redactor) -> Mapping[str, Any]:
    """Read the JSON object of an answer.

    Args:
        answer: The answer, of any status.
        redactor: Removes secrets from the server's reason.

    Raises:
        AirbyteUnavailableError: The server failed, is busy, or did not return a JSON object.
        AirbyteRefusedError: It rejected the request.
    """
    status = answer.status_code
    if status == requests.codes.too_many_requests or status >= requests.codes.server_error:
        raise build_unavailable_error(answer.url, f"status {status}", _parse_retry_after(answer))
    if not answer.ok or answer.is_redirect:
        raise _build_refused_error(answer, redactor)
    if not answer.content:
        return {}
    with contextlib.suppress(ValueError):
        payload = answer.json()
        if isinstance(payload, dict):
            return payload
    raise build_unavailable_error(answer.url, "the response is not a JSON object")


def _build_refused_error(answer: requests.Response, redactor: Redactor) -> AirbyteRefusedError:
    status, parts = answer.status_code, urlsplit(answer.url)
    hint = "Set AIRBYTE_URL to the redirect's target." if answer.is_redirect else _HINTS.get(status, "")
    sentence = (
        f"Airbyte at {parts.scheme}://{parts.netloc} refused {parts.path} with status {status}"
        f"{redactor.redact(_format_reason(answer))}. {_WHAT_IS_KEPT} {hint}"
    )
    return AirbyteRefusedError(sentence.strip(), status)


def _format_reason(answer: requests.Response) -> str:
    """The server's reason on one line, after a colon; empty if it gives none."""
    try:
        payload = answer.json()
    except ValueError:
        return ""
    if not isinstance(payload, dict):
        return ""
    reason = next((payload[key] for key in ("detail", "message", "title", "error") if payload.get(key)), "")
    line = " ".join(str(reason).split())[:_MAX_REASON_LENGTH].rstrip(".")
    return f": {line}" if line else ""


def _parse_retry_after(answer: requests.Response) -> float:
    try:
        return min(max(float(answer.headers.get("Retry-After", 0)), 0.0), _MAX_WAIT_SECONDS)
    except ValueError:
        return 0.0
