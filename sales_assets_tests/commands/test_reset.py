"""`sales-assets reset` deletes nothing that is in use."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sales_assets.commands.reset import refuse_if_in_use
from sales_assets.errors import RefusedError


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
