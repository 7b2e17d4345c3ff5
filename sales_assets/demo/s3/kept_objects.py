"""What the S3 emulator keeps in its folder: its state and its objects, so that a restart finds all of them.

Serving them belongs to `s3_server.py`. Nothing here uses S3.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sales_assets.settings import make_private_folder

BUCKET = "sales-demo"
STATE_FILE = "server.json"
"""The server holds a lock on this file while it is running, and writes its process id and port to it."""

_INDEX = "index.json"


@dataclass(frozen=True)
class KeptObject:
    """An object of the bucket.

    Attributes:
        key: Its key.
        modified: When it was uploaded, in UTC without a time zone.
        content: Its bytes.
    """

    key: str
    modified: datetime
    content: bytes


def keep_objects(folder: Path, objects: Iterable[KeptObject], last_day: date) -> None:
    """Replace what the folder keeps; after a kill, it has the old objects or the new ones.

    Args:
        folder: Made if it does not exist.
        objects: All objects of the bucket.
        last_day: The last day whose made-up files were added.
    """
    make_private_folder(folder)
    rows: list[dict[str, str]] = []
    for each in objects:
        name = hashlib.sha256(each.content).hexdigest()
        if not (folder / name).exists():
            _write(folder / name, each.content)
        rows.append({"key": each.key, "modified": each.modified.isoformat(), "file": name})
    _write(folder / _INDEX, json.dumps({"last_day": last_day.isoformat(), "objects": rows}).encode())
    used = {_INDEX, *(row["file"] for row in rows)}
    for path in folder.iterdir():
        if path.name not in used:
            path.unlink()


def read_kept_objects(folder: Path) -> tuple[list[KeptObject], date] | None:
    """Return what `keep_objects` was given; None if it was never called."""
    if not (folder / _INDEX).exists():
        return None
    index = json.loads((folder / _INDEX).read_text())
    objects = [
        KeptObject(row["key"], datetime.fromisoformat(row["modified"]), (folder / row["file"]).read_bytes())
        for row in index["objects"]
    ]
    return objects, date.fromisoformat(index["last_day"])


def _write(path: Path, content: bytes) -> None:
    scratch = path.with_suffix(".scratch")
    scratch.write_bytes(content)
    scratch.replace(path)
