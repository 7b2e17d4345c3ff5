"""Starts the emulator in a process of its own, finds a running one, and stops it.

There is one emulator per warehouse file and time zone. `airbyte_server.py` answers its requests.
"""

import json
import zlib
from functools import partial
from pathlib import Path
from typing import Any

import requests

from sales_assets.demo.background import lock_folder, start_module, stop_process
from sales_assets.settings import make_private_folder

_PORT = 18001
"""The port of the links in the reviewed local snapshot; another one is used if it is taken."""

_TIMEOUT_SECONDS = 5.0


def start_airbyte_emulator(data_dir: Path, database: Path, timezone: str) -> str:
    """Start the emulator unless it is running.

    Args:
        data_dir: The folder of the demo's data.
        database: The warehouse's file, where syncs land.
        timezone: The zone in which the demo's days begin.

    Returns:
        Its address.

    Raises:
        RuntimeError: It did not start; names its log.
    """
    key = zlib.crc32(f"{database} {timezone}".encode())
    folder = data_dir / "airbyte" / f"{database.stem}-{key:08x}"
    with lock_folder(folder):
        return _find_address(folder) or _start(folder, [str(folder), str(database), timezone, str(_PORT)])


def stop_airbyte_emulators(data_dir: Path) -> None:
    """Stop every emulator of a folder; landed data and jobs are kept."""
    for file in (data_dir / "airbyte").glob("*/server.json"):
        with lock_folder(file.parent):
            if _find_address(file.parent):
                stop_process(_read_state(file)["pid"], partial(_find_address, file.parent))
            file.unlink(missing_ok=True)


def _find_address(folder: Path) -> str | None:
    """The address of the running emulator; None if none runs, or another program has its port."""
    file = folder / "server.json"
    if not file.exists():
        return None
    state = _read_state(file)
    try:
        health = _get_json(f"{state['url']}/api/v1/health")
    except (requests.RequestException, ValueError):
        return None
    return str(state["url"]) if health.get("pid") == state["pid"] else None


def _start(folder: Path, arguments: list[str]) -> str:
    make_private_folder(folder)
    (folder / "server.json").unlink(missing_ok=True)
    log = folder / "server.log"
    if url := start_module("sales_assets.demo.airbyte", arguments, log, lambda: _find_address(folder)):
        return url
    message = f"The Airbyte emulator did not start. No stored data was changed. See {log}, then rerun."
    raise RuntimeError(message)


def _get_json(url: str) -> dict[str, Any]:
    with requests.Session() as session:
        session.trust_env = False
        payload: dict[str, Any] = session.get(url, timeout=_TIMEOUT_SECONDS).json()
        return payload


def _read_state(file: Path) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(file.read_text())
    return state
