"""The bucket that marketplaces upload files to: lists it, fetches a file, and explains S3's errors.

`changes.py` decides which files are new, and `order_files.py` reads what is in them.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import gettempdir
from typing import IO, Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    InvalidRegionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)

from sales_assets.errors import RefusedError, UnavailableError

PAGE_KEYS = 1000
"""The most that S3 lists in one response."""

_FULL_DISK = (errno.ENOSPC, errno.EDQUOT)
_BLOCK_BYTES = 1024 * 1024
_TRANSIENT_CODES = frozenset({"RequestTimeout", "RequestTimeTooSkewed", "SlowDown", "Throttling"})
_MISCONFIGURED = (
    InvalidRegionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)
_ADVICE = {
    "NoSuchBucket": "Check SALES_S3_BUCKET.",
    "NoSuchKey": "It was deleted after it was listed; if it is needed, have it uploaded again.",
}


class S3UnavailableError(UnavailableError):
    """S3 did not answer, not in time, or only in part; the next try may succeed."""


@dataclass(frozen=True)
class Version:
    """A file as it was at one time.

    Attributes:
        key: The object's whole key, prefix included; only ever used as a name.
        etag: How S3 distinguishes versions.
        modified: S3's time of the upload, UTC.
        size: In bytes.
    """

    key: str
    etag: str
    modified: datetime
    size: int


@dataclass(frozen=True)
class Bucket:
    """A prefix of a bucket.

    Attributes:
        client: boto3's client.
        name: The bucket's name.
        prefix: How the keys of its order files begin; empty for the whole bucket.
    """

    client: Any
    name: str
    prefix: str

    def url(self, key: str) -> str:
        """Return the URL of a file, for messages and metadata."""
        return f"s3://{self.name}/{key}"

    def list_page(self, after: str) -> tuple[list[Version], bool]:
        """List the files after a key, ordered by key; also return whether there are more.

        Args:
            after: A key, which may have been deleted; empty for the first page.

        Raises:
            RefusedError: The bucket does not exist, or may not be listed.
            S3UnavailableError: S3 did not answer.
        """
        with _translate_errors(f"list {self.url(self.prefix)}"):
            request = {"Bucket": self.name, "Prefix": self.prefix, "MaxKeys": PAGE_KEYS}
            if after:
                request["StartAfter"] = after
            response = self.client.list_objects_v2(**request)
            objects = response.get("Contents", [])
            versions = [_to_version(each["Key"], each, each["Size"]) for each in objects]
            return versions, bool(response["IsTruncated"])

    def fetch(self, key: str, into: IO[bytes]) -> Version:
        """Copy the current version of a file, in one request so that all bytes belong to the same version.

        Args:
            key: The object's key.
            into: The file to write to; rewound to its start afterwards.

        Raises:
            RefusedError: The file was deleted, or may not be read.
            S3UnavailableError: S3 did not answer, or only in part.
            UnavailableError: The disk of the temporary files is full.
        """
        with _translate_errors(f"read {self.url(key)}"):
            response = self.client.get_object(Bucket=self.name, Key=key)
            for block in response["Body"].iter_chunks(_BLOCK_BYTES):
                into.write(block)
            into.seek(0)
        return _to_version(key, response, response["ContentLength"])

    def is_current(self, version: Version) -> bool:
        """Return whether no other version replaced this one; a deleted file was not replaced.

        Raises:
            RefusedError: The file may not be read.
            S3UnavailableError: S3 did not answer.
        """
        with _translate_errors(f"inspect {self.url(version.key)}"):
            try:
                response = self.client.head_object(Bucket=self.name, Key=version.key)
                return _to_version(version.key, response, response["ContentLength"]) == version
            except ClientError as error:
                if _http_status(error) == 404:
                    return True
                raise


def _to_version(key: str, response: dict[str, Any], size: int) -> Version:
    # boto3's time zone depends on the machine; in UTC, the text of a version is the same everywhere.
    return Version(key, response["ETag"].strip('"'), response["LastModified"].astimezone(UTC), size)


def _http_status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))


@contextmanager
def _translate_errors(action: str) -> Iterator[None]:
    """Turn the errors of S3 and its client into `RefusedError`, or `S3UnavailableError` if worth a retry."""
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 - most of boto3, which the client has

    try:
        yield
    except ClientError as error:
        code, text = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        status = _http_status(error)
        if status >= 500 or status == 429 or code in _TRANSIENT_CODES:
            raise _build_unavailable(action, f"{code}: {text}") from None
        raise _build_refusal(action, f"{code}: {text}", code) from None
    except _MISCONFIGURED as error:
        raise _build_refusal(action, str(error)) from None
    except (BotoCoreError, ResponseParserError) as error:
        raise _build_unavailable(action, f"{type(error).__name__}: {error}") from None
    except OSError as error:
        if error.errno not in _FULL_DISK:
            raise
        message = (
            f"There is no room to {action}: {gettempdir()}: {error.strerror}. No stored data was changed. "
            "Free space there, or set TMPDIR to a folder that has more, then run again."
        )
        raise UnavailableError(message) from None


def _build_refusal(action: str, reason: str, code: str = "") -> RefusedError:
    advice = _ADVICE.get(
        code, "Check SALES_S3_BUCKET, SALES_S3_PREFIX, the AWS_* variables and their permissions."
    )
    return RefusedError(f"S3 refused to {action}: {reason}. No stored data was changed. {advice}")


def _build_unavailable(action: str, reason: str) -> S3UnavailableError:
    return S3UnavailableError(
        f"S3 failed to {action}: {' '.join(reason.split())[:500]}. No stored data was changed. "
        "The next try, or the next tick of the sensor, may succeed."
    )
