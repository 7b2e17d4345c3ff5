"""Starts the stand-in on first use as a process of its own, finds it again, and stops it.

One for each warehouse file and time zone. What it serves belongs to `server.py`.
"""

import json
import zlib
from functools import partial
from pathlib import Path
from typing import Any

import requests

from sales_assets.demo.background import lock_folder, start_module, stop_process

PORT = 18001
"""Where it listens if nobody else does, so that the links of the reviewed snapshot lead somewhere."""

_ANSWER_SECONDS = 5.0


def running_stand_in(data_dir: Path, database: Path, timezone: str) -> str:
    """Start the stand-in unless it runs.

    Args:
        data_dir: Where the demo keeps its data.
        database: The warehouse's file, where syncs land.
        timezone: The zone in which the demo's days begin.

    Returns:
        Its address.

    Raises:
        RuntimeError: It does not start; names its log.
    """
    key = zlib.crc32(f"{database} {timezone}".encode())
    folder = data_dir / "airbyte" / f"{database.stem}-{key:08x}"
    with lock_folder(folder):
        return _found(folder) or _started(folder, [str(folder), str(database), timezone, str(PORT)])


def stop_stand_ins(data_dir: Path) -> None:
    """Stop every stand-in of a folder; what they landed, and their jobs, stay."""
    for file in (data_dir / "airbyte").glob("*/server.json"):
        with lock_folder(file.parent):
            if _found(file.parent):
                stop_process(_told(file)["pid"], partial(_found, file.parent))
            file.unlink(missing_ok=True)


def _found(folder: Path) -> str | None:
    """The address of the stand-in that runs; None if there is none, or a stranger took its port."""
    file = folder / "server.json"
    if not file.exists():
        return None
    told = _told(file)
    try:
        answer = _ask(f"{told['url']}/api/v1/health")
    except (requests.RequestException, ValueError):
        return None
    return str(told["url"]) if answer.get("pid") == told["pid"] else None


def _started(folder: Path, arguments: list[str]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "server.json").unlink(missing_ok=True)
    log = folder / "server.log"
    if url := start_module("sales_assets.demo.airbyte", arguments, log, lambda: _found(folder)):
        return url
    message = f"The local stand-in for Airbyte did not start; {log} says why."
    raise RuntimeError(message)


def _ask(url: str) -> dict[str, Any]:
    with requests.Session() as session:
        session.trust_env = False
        answer: dict[str, Any] = session.get(url, timeout=_ANSWER_SECONDS).json()
        return answer


def _told(file: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(file.read_text())
    return told
