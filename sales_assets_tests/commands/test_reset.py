"""`sales-assets reset` deletes the data of its settings, and nothing that is in use."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sales_assets.commands.reset import delete_data, refuse_if_in_use
from sales_assets.errors import RefusedError
from sales_assets.settings import Settings


@pytest.fixture
def dagster_dev(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that looks like `dagster dev`, and has been started."""
    (tmp_path / "dagster").write_text("print('up', flush=True); input()")
    command = [sys.executable, str(tmp_path / "dagster"), "dev"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_data_that_dagster_dev_uses_is_not_deleted(
    dagster_dev: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    with pytest.raises(RefusedError, match=f"Process {dagster_dev.pid} uses .data: dagster dev. No stored"):
        refuse_if_in_use(tmp_path)
    refuse_if_in_use(tmp_path / "another")
    dagster_dev.communicate("\n")
    refuse_if_in_use(tmp_path)


def test_the_data_of_another_folder_is_deleted_without_what_is_not_ours(tmp_path: Path) -> None:
    default, other = tmp_path / ".data", tmp_path / "other"
    ours = [other / "erp", other / "sales.duckdb", other / "sales.duckdb.lock", default / "dagster"]
    kept = [other / "letters", other / "erp.txt", default / "sales.duckdb"]
    for path in [*ours, *kept]:
        (path / "inside").mkdir(parents=True)
    assert set(delete_data(Settings(data_dir=other, duckdb_path=other / "sales.duckdb"), default)) == set(
        ours
    )
    assert [path for path in [*ours, *kept] if path.exists()] == kept
    assert delete_data(Settings(data_dir=default), default) == [default]
    assert not default.exists()
