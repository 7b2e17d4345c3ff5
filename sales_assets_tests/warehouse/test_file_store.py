"""A file of a report or a model is replaced at once, in a folder and in S3."""

from pathlib import Path

import pytest

from sales_assets.warehouse.file_store import FileStore, open_file_store
from sales_assets_tests.support.s3 import S3


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileStore:
    if request.param == "folder":
        return open_file_store(str(tmp_path / "reports"))
    return open_in_s3(request.getfixturevalue("s3"), monkeypatch)


def open_in_s3(s3: S3, monkeypatch: pytest.MonkeyPatch) -> FileStore:
    for name, value in s3.variables.items():
        monkeypatch.setenv(name, value)
    return open_file_store(f"s3://{s3.bucket}/reports")


def test_a_file_is_written_replaced_listed_and_removed(store: FileStore) -> None:
    assert store.read("2025/sales.html") is None
    store.write("2025/sales.html", b"old")
    store.write("2025/sales.html", b"new", CacheControl="no-cache")
    store.write("manifest.json", b"{}")
    assert store.read("2025/sales.html") == b"new"
    assert store.list_names() == ["2025/sales.html", "manifest.json"]
    assert store.list_names("2025/") == ["2025/sales.html"]
    store.remove("manifest.json")
    store.remove("manifest.json")
    assert store.list_names() == ["2025/sales.html"]


def test_s3_gets_the_headers(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    open_in_s3(s3, monkeypatch).write("sales.html", b"hi", CacheControl="no-cache")
    assert s3.client.head_object(Bucket=s3.bucket, Key="reports/sales.html")["CacheControl"] == "no-cache"


def test_a_folder_keeps_the_file_before_and_nothing_of_a_write_that_fails(tmp_path: Path) -> None:
    store = open_file_store(str(tmp_path))
    store.write("sales.html", b"old")
    with pytest.raises(TypeError):
        store.write("sales.html", 42)  # type: ignore[arg-type]
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("sales.html", b"old")]
