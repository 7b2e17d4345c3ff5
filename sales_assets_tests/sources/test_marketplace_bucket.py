"""A bucket: its client has the options of dagster-aws, and a full disk is told."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_aws.s3 import S3Resource

from sales_assets.errors import UnavailableError
from sales_assets.sources.marketplace.s3_resource import MarketplaceS3Resource
from sales_assets_tests.support.s3 import PREFIX, S3


def test_a_full_disk_is_a_sentence_that_says_which_and_what_to_do(s3: S3) -> None:
    s3.put("shop/2025-01-15.csv", b"x" * 2_000_000)
    bucket = s3.quick_resource().open_bucket()
    full = r"2025-01-15\.csv: .*: No space left on device\. No stored data was changed"
    with Path("/dev/full").open("r+b", buffering=0) as file, pytest.raises(UnavailableError, match=full):
        bucket.fetch(f"{PREFIX}shop/2025-01-15.csv", file)


def test_the_resource_has_the_fields_of_dagster_awss() -> None:
    def describe(resource: type[dg.ConfigurableResource[Any]]) -> dict[str, Any]:
        return {name: (field.annotation, field.default) for name, field in resource.model_fields.items()}

    assert describe(S3Resource).items() <= describe(MarketplaceS3Resource).items()
