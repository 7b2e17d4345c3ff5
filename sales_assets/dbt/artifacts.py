"""What dbt leaves in its target folder: values are taken out of it, and a disk that is full is a sentence.

What dbt returns, and what becomes of its models, is in `runner.py`.
"""

import errno
import json
from contextlib import suppress
from pathlib import Path

from sales_assets.errors import UnavailableError
from sales_assets.redaction import redact_error

_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


class ArtifactsDiskError(UnavailableError):
    """The disk of dbt's target folder is full or read-only; the next try may find that changed."""


def redact_results(artifact: Path) -> ArtifactsDiskError | None:
    """Take the values out of the messages of dbt's `run_results.json`, if there is one.

    A file that cannot be rewritten, or that dbt wrote in part, is deleted, because it may have values.

    Args:
        artifact: The file.

    Returns:
        The error if that failed: the caller decides whether it is the cause, or another one was before.
    """
    scratch = artifact.with_suffix(".scratch")
    try:
        if not artifact.exists():
            return None
        results = json.loads(artifact.read_text())
        for result in results["results"]:
            result["message"] = result["message"] and redact_error(result["message"])
        scratch.write_text(json.dumps(results))
        scratch.replace(artifact)
    except (OSError, json.JSONDecodeError) as error:
        for path in (artifact, scratch):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        reason = error.strerror if isinstance(error, OSError) else "it ends in the middle, as on a full disk"
        return _build_error(artifact.parent, f"{artifact.name} could not be written: {reason}")
    return None


def explain_disk_error(error: BaseException | None, folder: Path) -> ArtifactsDiskError | None:
    """The sentence for an error of dbt if a full or read-only disk is its cause, else None.

    Args:
        error: What ended dbt.
        folder: Its target folder.
    """
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        return _build_error(folder, f"a file could not be written: {error.strerror}")
    return None


def _build_error(folder: Path, what: str) -> ArtifactsDiskError:
    return ArtifactsDiskError(
        f"dbt's folder {folder}: {what}. Models built before are stored. Free space there, then run again."
    )
