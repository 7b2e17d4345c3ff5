"""dbt's artifacts on a disk that is full: a sentence, and no file with values."""

import errno
import json
import os
from pathlib import Path

from sales_assets.dbt.artifacts import explain_disk_error, redact_results

RESULTS = json.dumps({"results": [{"message": "Conversion Error: 'ada@example.com' is no number"}]})


def test_values_are_taken_out_of_the_results(tmp_path: Path) -> None:
    artifact = tmp_path / "run_results.json"
    assert redact_results(artifact) is None
    artifact.write_text(RESULTS)
    assert redact_results(artifact) is None
    assert "ada" not in artifact.read_text()


def test_results_that_a_full_disk_does_not_take_are_deleted_and_told(tmp_path: Path) -> None:
    artifact = tmp_path / "run_results.json"
    artifact.write_text(RESULTS)
    (tmp_path / "run_results.scratch").symlink_to("/dev/full")
    said = str(redact_results(artifact))
    assert f"dbt's folder {tmp_path}: run_results.json could not be written: No space left on device." in said
    assert not list(tmp_path.iterdir())
    artifact.write_text(RESULTS[:-9])
    assert "it ends in the middle" in str(redact_results(artifact))
    assert not list(tmp_path.iterdir())


def test_a_full_disk_that_ended_dbt_is_told_and_another_error_is_not_taken_for_one(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(tmp_path) in str(explain_disk_error(full, tmp_path))
    assert explain_disk_error(FileNotFoundError(errno.ENOENT, "x"), tmp_path) is None
    assert explain_disk_error(None, tmp_path) is None
