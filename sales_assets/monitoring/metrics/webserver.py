"""Asks Dagster's web server by GraphQL, whose queries are in `questions/`.

It is the public interface of a deployment: no storage is opened, no credential is needed.
"""

from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import requests

from sales_assets.errors import UnavailableError
from sales_assets.redaction import cut_text, redact_emails

GraphQLAnswer = dict[str, Any]
"""What the web server answers, by the names of the query."""

_REMEDY = "Start it, or give its address with --url."

_QUESTIONS = files("sales_assets.monitoring.metrics") / "questions"


class WebServer:
    """The web server of a deployment.

    Args:
        url: Such as `http://localhost:3000`, with the path prefix if it has one.
    """

    def __init__(self, url: str):
        self._url = url.rstrip("/") + "/graphql"
        parts = urlsplit(url)
        self.name = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)

    def ask(self, question: str, seconds: float, **variables: object) -> GraphQLAnswer:
        """Ask one of the questions.

        Args:
            question: The name of its file, without suffix.
            seconds: How long the server may think.
            variables: Those of the query.

        Raises:
            UnavailableError: It did not answer, or answered with an error; names the server.
        """
        query = (_QUESTIONS / f"{question}.graphql").read_text()
        body = {"query": query, "variables": variables}
        try:
            response = requests.post(self._url, json=body, timeout=seconds)
            response.raise_for_status()
            answer: GraphQLAnswer = response.json()
        except requests.RequestException as error:
            raise self.build_error(question, _describe(error, seconds)) from None
        if problems := _list_problems(answer):
            raise self.build_error(question, f"answered: {problems[0]}")
        return dict(answer["data"])

    def build_error(self, question: str, what: str, remedy: str = _REMEDY) -> UnavailableError:
        """Build the error of a question without a usable answer.

        Args:
            question: The name of its file.
            what: What the server did, after its name.
            remedy: A sentence that says what to do.
        """
        told = cut_text(redact_emails(what))
        return UnavailableError(
            f"Dagster's web server {self.name} {told}. It was asked for {question}. {remedy}"
        )


def _describe(error: requests.RequestException, seconds: float) -> str:
    """What went wrong; without the library's text, which has the whole URL."""
    if isinstance(error, requests.Timeout):
        return f"did not answer within {seconds:g} s"
    if isinstance(error, requests.JSONDecodeError):
        return "did not answer with JSON, so it may be another server"
    if error.response is not None:
        return f"answered with status {error.response.status_code}"
    return f"could not be reached ({type(error).__name__})"


def _list_problems(answer: GraphQLAnswer) -> list[str]:
    """The errors of an answer, of the query as of its parts."""
    if not isinstance(answer, dict) or not {"data", "errors"} & answer.keys():
        return ["something that is no answer to GraphQL"]
    parts = (answer.get("data") or {}).values()
    broken = [part for part in parts if isinstance(part, dict) and part.get("__typename") == "PythonError"]
    return [str(each.get("message", "an error")) for each in [*(answer.get("errors") or []), *broken]]
