"""A bucket's files are fetched to a disk that may be full."""

from pathlib import Path

import pytest

from sales_assets.errors import UnavailableError
from sales_assets_tests.support.s3 import PREFIX, S3


def test_a_full_disk_is_a_sentence_that_says_which_and_what_to_do(s3: S3) -> None:
    s3.put("shop/2025-01-15.csv", b"x" * 2_000_000)
    bucket = s3.quick_resource().open_bucket()
    full = r"2025-01-15\.csv: .*: No space left on device\. No stored data was changed"
    with Path("/dev/full").open("r+b", buffering=0) as file, pytest.raises(UnavailableError, match=full):
        bucket.fetch(f"{PREFIX}shop/2025-01-15.csv", file)
