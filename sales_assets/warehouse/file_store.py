"""Files that are made of the warehouse's rows, such as reports and models, in a folder or in S3.

A file is there completely or not at all. What is in the files belongs to the rooms that make them.
"""

from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import uuid4

_BESIDE = ".part"


class FileStore(Protocol):
    """Where files are kept; a name is a path below the store's root, with slashes."""

    def write(self, name: str, content: bytes, **headers: str) -> str:
        """Replace a file at once, and return where it is: until then readers see the one before.

        Args:
            name: The file's name.
            content: All of its bytes.
            headers: What S3 answers with it, such as `CacheControl`; a folder ignores them.
        """

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a file; None if there is none."""

    def list_names(self, prefix: str = "") -> list[str]:
        """List the names of all files that begin so, sorted."""

    def remove(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""


def open_file_store(root: str) -> FileStore:
    """Open a folder (an absolute path) or an S3 prefix (`s3://bucket/prefix`).

    S3's credentials, region and endpoint are found in the usual `AWS_*` variables, profiles and roles.
    """
    parts = urlsplit(root)
    if parts.scheme == "s3":
        return _S3Store(parts.netloc, parts.path.strip("/"))
    return _FolderStore(Path(root))


class _FolderStore:
    def __init__(self, root: Path):
        self._root = root

    def write(self, name: str, content: bytes, **_headers: str) -> str:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{uuid4().hex}{_BESIDE}")
        try:
            beside.write_bytes(content)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        return str(path)

    def read(self, name: str) -> bytes | None:
        path = self._root / name
        return path.read_bytes() if path.is_file() else None

    def list_names(self, prefix: str = "") -> list[str]:
        paths = (path for path in self._root.rglob("*") if path.is_file() and path.suffix != _BESIDE)
        names = (path.relative_to(self._root).as_posix() for path in paths)
        return sorted(name for name in names if name.startswith(prefix))

    def remove(self, name: str) -> None:
        (self._root / name).unlink(missing_ok=True)


class _S3Store:
    def __init__(self, bucket: str, prefix: str):
        import boto3  # noqa: PLC0415 - a quarter of a second that a folder does not need

        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client: Any = boto3.client("s3")

    def write(self, name: str, content: bytes, **headers: str) -> str:
        key = self._prefix + name
        self._client.put_object(Bucket=self._bucket, Key=key, Body=content, **headers)
        return f"s3://{self._bucket}/{key}"

    def read(self, name: str) -> bytes | None:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
        except self._client.exceptions.NoSuchKey:
            return None
        content: bytes = answer["Body"].read()
        return content

    def list_names(self, prefix: str = "") -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + prefix
        )
        keys = (each["Key"] for page in pages for each in page.get("Contents", ()))
        return sorted(key.removeprefix(self._prefix) for key in keys)

    def remove(self, name: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)
