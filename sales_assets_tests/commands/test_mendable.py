"""What a person can mend ends a command with one sentence, and a reader who leaves ends it silently."""

import errno
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
import sqlalchemy

from sales_assets.commands import stop
from sales_assets.commands.__main__ import main
from sales_assets.commands.console import print_line
from sales_assets.settings import make_private_folder


def fill_disk(_: Path) -> None:
    with Path("/dev/full").open("w") as file:
        file.write("x")


def write_read_only(folder: Path) -> NoReturn:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(folder / "command.log"))


def make_folder_below_a_file(folder: Path) -> None:
    (folder / "file").touch()
    make_private_folder(folder / "file" / ".data")


def read_damaged_history(folder: Path) -> None:
    (folder / "index.db").write_bytes(b"no database" * 1000)
    with sqlalchemy.create_engine(f"sqlite:///{folder / 'index.db'}").connect() as connection:
        connection.execute(sqlalchemy.text("select * from event_logs"))


def write_read_only_history(folder: Path) -> None:
    sqlite3.connect(folder / "runs.db").execute("create table runs (id)").connection.close()
    connection = sqlite3.connect(f"file:{folder / 'runs.db'}?mode=ro", uri=True)
    try:
        connection.execute("insert into runs values (1)")
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("fail", "sentence"),
    [
        (fill_disk, "A file could not be written: No space left on device. What was stored before is kept."),
        (write_read_only, "command.log could not be used: Read-only file system."),
        (make_folder_below_a_file, ".data cannot be made: Not a directory. No stored data was changed. Mend"),
        (read_damaged_history, "failed: file is not a database. The warehouse is as it was. It is damaged:"),
        (
            write_read_only_history,
            "attempt to write a readonly database. The warehouse is as it was. Make the",
        ),
    ],
)
def test_a_disk_or_history_that_a_person_can_mend_is_one_sentence_and_exit_code_1(
    fail: Callable[[Path], None],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(stop, "run", lambda _: fail(tmp_path))
    monkeypatch.setattr(sys, "__stdout__", sys.stdout)
    assert main(["stop"]) == 1
    printed = capfd.readouterr()
    assert sentence in printed.out
    assert printed.out.count("\n") == 1
    assert printed.err == ""


def test_a_reader_who_leaves_ends_a_command_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(read)
    monkeypatch.setattr(stop, "run", lambda _: print_line("a line"))
    with os.fdopen(write, "w") as pipe:
        monkeypatch.setattr(sys, "__stdout__", pipe)
        assert main(["stop"]) == 1


def test_an_error_that_no_person_can_mend_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> NoReturn:
        raise KeyError

    monkeypatch.setattr(stop, "run", fail)
    with pytest.raises(KeyError):
        main(["stop"])
