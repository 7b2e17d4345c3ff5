"""The bucket that marketplaces drop files into: lists it, fetches a file, and explains what S3 refuses.

Which files are new is decided in `sweep.py`, and what is in a file in `files.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
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
from botocore.parsers import ResponseParserError

from sales_assets.errors import RefusedError, UnavailableError

PAGE_KEYS = 1000
"""As many as S3 tells at once."""

_BLOCK_BYTES = 1024 * 1024
_PASSING_CODES = frozenset({"RequestTimeout", "RequestTimeTooSkewed", "SlowDown", "Throttling"})
_MISCONFIGURED = (
    InvalidRegionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)
_ADVICE = {
    "NoSuchBucket": "Check SALES_S3_BUCKET.",
    "NoSuchKey": "It was deleted after it was listed; if it is needed, have it delivered again.",
}


class S3UnavailableError(UnavailableError):
    """S3 did not answer, not in time, or not to the end; it may at the next try."""


@dataclass(frozen=True)
class Version:
    """A file as it was at one time.

    Attributes:
        key: The object's whole key, prefix included; only ever a name.
        etag: What S3 tells versions apart by.
        modified: When S3 says it was written, UTC.
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
        name: The bucket's.
        prefix: How the keys of its order files begin; empty for all of them.
    """

    client: Any
    name: str
    prefix: str

    def url(self, key: str) -> str:
        """Where a file is, for people."""
        return f"s3://{self.name}/{key}"

    def page(self, after: str) -> tuple[list[Version], bool]:
        """The files that follow a key, in the order of their keys, and whether there are more.

        Args:
            after: A key, which need not exist any more; empty for the first page.

        Raises:
            RefusedError: The bucket is not there, or may not be listed.
            S3UnavailableError: S3 did not answer.
        """
        with _described(f"list {self.url(self.prefix)}"):
            wanted = {"Bucket": self.name, "Prefix": self.prefix, "MaxKeys": PAGE_KEYS}
            answer = self.client.list_objects_v2(**wanted, **({"StartAfter": after} if after else {}))
            listed = [_version(each["Key"], each, each["Size"]) for each in answer.get("Contents", [])]
            return listed, bool(answer["IsTruncated"])

    def fetch(self, key: str, into: IO[bytes]) -> Version:
        """Copy a file as it is now, in one request: it is one version from its first byte to its last.

        Args:
            key: The object's key.
            into: Where to; afterwards at its start.

        Raises:
            RefusedError: The file is gone, or may not be read.
            S3UnavailableError: S3 did not answer to the end.
        """
        with _described(f"read {self.url(key)}"):
            answer = self.client.get_object(Bucket=self.name, Key=key)
            for block in answer["Body"].iter_chunks(_BLOCK_BYTES):
                into.write(block)
        into.seek(0)
        return _version(key, answer, answer["ContentLength"])

    def is_current(self, version: Version) -> bool:
        """Whether no other version took its place; one that was deleted has none.

        Raises:
            RefusedError: S3 refused to tell.
            S3UnavailableError: S3 did not answer.
        """
        with _described(f"look at {self.url(version.key)}"):
            try:
                answer = self.client.head_object(Bucket=self.name, Key=version.key)
                return _version(version.key, answer, answer["ContentLength"]) == version
            except ClientError as error:
                if _status(error) == 404:
                    return True
                raise


def _version(key: str, told: dict[str, Any], size: int) -> Version:
    # In whatever zone boto3 tells the time, the text of a version is the same.
    return Version(key, told["ETag"].strip('"'), told["LastModified"].astimezone(UTC), size)


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))


@contextmanager
def _described(what: str) -> Iterator[None]:
    """Turn what S3 and its client say into errors that tell whether trying again helps."""
    try:
        yield
    except ClientError as error:
        code, text = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if _status(error) >= 500 or _status(error) == 429 or code in _PASSING_CODES:
            raise _unavailable(what, f"{code}: {text}") from None
        raise _refused(what, f"{code}: {text}", code) from None
    except _MISCONFIGURED as error:
        raise _refused(what, str(error), "") from None
    except (BotoCoreError, ResponseParserError) as error:
        raise _unavailable(what, f"{type(error).__name__}: {error}") from None


def _refused(what: str, reason: str, code: str) -> RefusedError:
    advice = _ADVICE.get(
        code, "Check SALES_S3_BUCKET, SALES_S3_PREFIX, the AWS_* variables and their rights."
    )
    return RefusedError(f"S3 refused to {what}: {reason}. Stored rows were not touched. {advice}")


def _unavailable(what: str, reason: str) -> S3UnavailableError:
    return S3UnavailableError(
        f"S3 failed to {what}: {' '.join(reason.split())[:500]}. Stored rows were not touched. "
        "The next try, or the next tick of the sensor, may succeed."
    )
