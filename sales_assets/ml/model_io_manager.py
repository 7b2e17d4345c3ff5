"""Keeps models as files: each version, and which of them is published.

A file is data (JSON), in a folder or in S3; nothing is unpickled. What is in it belongs to `artefact.py`.
"""

from typing import Any

import dagster as dg

from sales_assets.errors import RefusedError
from sales_assets.ml.artefact import Artefact, decode_artefact, encode_artefact
from sales_assets.warehouse.file_store import FileStore, open_file_store

LATEST, PUBLISHED = "latest", "published"
"""The names of the copies of the version that was trained last, and of the one that is published."""


class ModelStore:
    """The models of one asset."""

    def __init__(self, root: str, asset: str):
        self._files = open_file_store(root)
        self._asset = asset

    def write(self, model: Artefact) -> str:
        """Keep a model, and publish it if nothing speaks against it; return where it is."""
        content = encode_artefact(model)
        where = self._files.write(self._name(model.version), content)
        self._files.write(self._name(LATEST), content)
        if not model.refusals:
            self._files.write(self._name(PUBLISHED), content)
        return where

    def publish(self, version: str) -> None:
        """Publish a version that is kept.

        Raises:
            RefusedError: There is no such version.
        """
        content = self._files.read(self._name(version))
        if content is None:
            message = (
                f"{self._asset} has no version {version}. What is published was not changed. "
                "Run `ml_pipeline_job`, which makes a new one."
            )
            raise RefusedError(message)
        self._files.write(self._name(PUBLISHED), content)

    def read_version(self, version: str) -> Artefact | None:
        """Read a version; None if it is not kept."""
        return self._read(version)

    def read_latest(self) -> Artefact | None:
        """Read the model that was trained last, published or not; None if none ever was."""
        return self._read(LATEST)

    def read_published(self) -> Artefact | None:
        """Read the model that is published; None if none ever was."""
        return self._read(PUBLISHED)

    def _read(self, name: str) -> Artefact | None:
        content = self._files.read(self._name(name))
        return None if content is None else decode_artefact(content)

    def _name(self, version: str) -> str:
        return f"{self._asset}/{version}.json"


class ModelIOManager(dg.ConfigurableIOManager):
    """Stores models; an asset that reads one gets the one that is published.

    Attributes:
        root: A folder, as an absolute path, or `s3://bucket/prefix`.
    """

    root: str

    def open(self, asset: dg.AssetKey) -> ModelStore:
        """Open the models of an asset."""
        return ModelStore(self.root, "/".join(asset.path))

    def open_files(self) -> FileStore:
        """Open the files of all models."""
        return open_file_store(self.root)

    def handle_output(self, context: dg.OutputContext, obj: Artefact) -> None:
        """Keep a model by its version; it is published in the same step, or not at all."""
        path = self.open(context.asset_key).write(obj)
        context.add_output_metadata({"path": dg.MetadataValue.path(path), "version": obj.version})

    def load_input(self, context: dg.InputContext) -> Any:
        """Read the published model.

        Raises:
            RefusedError: None was published yet.
        """
        model = self.open(context.asset_key).read_published()
        if model is None:
            message = (
                f"No {context.asset_key.to_user_string()} was published yet. No stored data was changed. "
                "Run `ml_pipeline_job`; if it refuses the model, its check says why."
            )
            raise RefusedError(message)
        return model
