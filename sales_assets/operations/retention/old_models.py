"""Finds files of trained models that nothing reads any more.

Where models are kept, and which of them is published, belongs to `ml/model_io_manager.py`.
"""

import json
from datetime import datetime

from sales_assets.ml.model_io_manager import LATEST, PUBLISHED
from sales_assets.warehouse.file_store import FileStore

KEPT_MODELS = 12
"""How many versions of a model stay, however old: a forecast is compared with its model for weeks."""


def list_old_models(files: FileStore, before: datetime) -> dict[str, int]:
    """List the files of models that know no day since a time, with their bytes.

    The published model, the latest one and the last twelve stay; so does a file that is no model.

    Args:
        files: Where models are kept, in a folder for each asset.
        before: The time, with a time zone.
    """
    by_folder: dict[str, dict[str, bytes]] = {}
    for name in files.list_names():
        folder = name.rpartition("/")[0]
        by_folder.setdefault(folder, {})[name] = files.read(name) or b""
    return {
        name: size
        for folder, models in by_folder.items()
        for name, size in _list_in_folder(folder, models, f"{before:%Y-%m-%d}").items()
    }


def _list_in_folder(folder: str, models: dict[str, bytes], before: str) -> dict[str, int]:
    pointers = [f"{folder}/{name}.json" for name in (LATEST, PUBLISHED)]
    in_use = {models[name] for name in pointers if name in models}
    days = {name: _read_last_day(content) for name, content in models.items() if name not in pointers}
    versions = sorted((day, name) for name, day in days.items() if day)
    old = [name for day, name in versions[:-KEPT_MODELS] if day < before]
    return {name: len(models[name]) for name in old if models[name] not in in_use}


def _read_last_day(content: bytes) -> str:
    """The last day that a model knows, as YYYY-MM-DD; empty if the file is no model."""
    try:
        return str(json.loads(content)["last_day"])
    except (ValueError, TypeError, KeyError):
        return ""
