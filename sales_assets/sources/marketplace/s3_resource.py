"""The resource `s3`: the bucket and the prefix to which marketplaces upload their files.

The client is dagster-aws's. boto3 finds the credentials and the region in the usual `AWS_*` variables,
profiles and roles.
"""

from typing import Any

import dagster as dg
from pydantic import Field

from sales_assets.redaction import RedactedReprMixin
from sales_assets.sources.marketplace.bucket import Bucket


class MarketplaceS3Resource(RedactedReprMixin, dg.ConfigurableResource[None]):
    """S3, and where the order files are in it.

    Attributes:
        bucket: The bucket's name.
        prefix: How the keys of order files begin, such as `marketplaces/`; empty for the whole bucket.
        connection: Fields of dagster-aws's `S3Resource`, such as `endpoint_url`; none are needed on AWS.
    """

    bucket: str
    prefix: str = ""
    connection: dict[str, Any] = Field(default={})

    def get_client(self) -> Any:
        """Return boto3's client; a subclass may start the server first."""
        return build_s3_client(**self.connection)

    def open_bucket(self) -> Bucket:
        """Return the bucket of the order files."""
        return Bucket(self.get_client(), self.bucket, self.prefix)


def build_s3_client(**connection: Any) -> Any:
    """Build boto3's client.

    Args:
        connection: Fields of dagster-aws's `S3Resource`.
    """
    from dagster_aws.s3 import S3Resource  # noqa: PLC0415 - a second, with all services of AWS

    return S3Resource(**connection).get_client()
