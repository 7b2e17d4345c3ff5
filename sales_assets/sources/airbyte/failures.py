"""What Airbyte's failures mean: what passes by itself, what no retry mends, and how each is said.

Nothing here sends anything, and nothing here shows a secret.
"""

import contextlib
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests

from sales_assets.errors import RefusedError, UnavailableError

_LONGEST_WAIT_SECONDS = 60.0
_LONGEST_TEXT = 300
_HINTS = {
    401: "Check AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET, or AIRBYTE_USERNAME and AIRBYTE_PASSWORD.",
    403: "Check AIRBYTE_WORKSPACE_ID and what the application or user may do there.",
    404: "If a connection was deleted in Airbyte, `make airbyte-snapshot` takes its assets out of the graph.",
}


class AirbyteUnavailableError(UnavailableError):
    """Airbyte did not answer, or not sensibly; it may by itself, so the retry policy applies.

    Attributes:
        wait_seconds: How long the server asks to be left alone.
    """

    def __init__(self, sentence: str, wait_seconds: float = 0.0):
        super().__init__(sentence)
        self.wait_seconds = wait_seconds


class AirbyteRefusedError(RefusedError):
    """Airbyte understood and said no.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, sentence: str, status: int):
        super().__init__(sentence)
        self.status = status


class SyncFailedError(Exception):
    """A sync failed in Airbyte; the next one may succeed, so the retry policy applies."""


class RunCancelledError(BaseException):
    """The run is being cancelled while it waits for a sync.

    Dagster applies the retry policy to its own interruption where a run is one process: it would start the
    sync anew that the cancelled run has just cancelled. This ends the step and the run.
    """


class Secrets(Protocol):
    """Who knows what must not be shown."""

    def redact(self, text: str) -> str:
        """The text without secrets."""


def unreachable(url: str, reason: object, wait_seconds: float = 0.0) -> AirbyteUnavailableError:
    """An error for an answer that did not come, or is none."""
    said = reason if isinstance(reason, str) else _named(reason)
    parts = urlsplit(url)
    sentence = (
        f"Airbyte at {parts.scheme}://{parts.netloc} did not answer {parts.path}: {said}. What has landed is "
        "kept, and a sync that runs goes on. The retry policy tries again; if that ends, see whether Airbyte "
        "is up, then run again."
    )
    return AirbyteUnavailableError(sentence, wait_seconds)


def _named(error: object) -> str:
    """A failure of the connection in words; its own text is long, and says nothing more."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return (
        "no connection"
        if isinstance(error, requests.ConnectionError)
        else f"a broken answer ({type(error).__name__})"
    )


def judged(answer: requests.Response, secrets: Secrets) -> Mapping[str, Any]:
    """The JSON object of an answer.

    Raises:
        AirbyteUnavailableError: The server has a bad moment, is busy, or its answer is garbled.
        AirbyteRefusedError: It said no.
    """
    status = answer.status_code
    if status == requests.codes.too_many_requests or status >= requests.codes.server_error:
        raise unreachable(answer.url, f"status {status}", _asked_wait(answer))
    if not answer.ok or answer.is_redirect:
        raise _refusal(answer, secrets)
    if not answer.content:
        return {}
    with contextlib.suppress(ValueError):
        told = answer.json()
        if isinstance(told, dict):
            return told
    raise unreachable(answer.url, "what came is not a JSON object")


def _refusal(answer: requests.Response, secrets: Secrets) -> AirbyteRefusedError:
    status, parts = answer.status_code, urlsplit(answer.url)
    hint = "Set AIRBYTE_URL to where it leads." if answer.is_redirect else _HINTS.get(status, "")
    sentence = (
        f"Airbyte at {parts.scheme}://{parts.netloc} refused {parts.path} with status {status}"
        f"{secrets.redact(_said(answer))}. What has landed is kept. {hint}"
    )
    return AirbyteRefusedError(sentence.strip(), status)


def _said(answer: requests.Response) -> str:
    """What the server gives as its reason, on one line."""
    try:
        told = answer.json()
    except ValueError:
        return ""
    if not isinstance(told, dict):
        return ""
    said = next((told[key] for key in ("detail", "message", "title", "error") if told.get(key)), "")
    line = " ".join(str(said).split())[:_LONGEST_TEXT].rstrip(".")
    return f": {line}" if line else ""


def _asked_wait(answer: requests.Response) -> float:
    try:
        return min(max(float(answer.headers.get("Retry-After", 0)), 0.0), _LONGEST_WAIT_SECONDS)
    except ValueError:
        return 0.0
