"""The resource `s3`: the bucket and the prefix to which marketplaces upload their files.

Its other fields and its client are those of dagster-aws's `S3Resource`, which is imported when the client is
built. boto3 finds the credentials and the region in the usual `AWS_*` variables, profiles and roles.
"""

from typing import Any

import dagster as dg

from sales_assets.redaction import RedactedReprMixin
from sales_assets.sources.marketplace.bucket import Bucket


class MarketplaceS3Resource(RedactedReprMixin, dg.ConfigurableResource[None]):
    """S3, and where the order files are in it.

    Attributes:
        bucket: The bucket's name.
        prefix: How the keys of order files begin, such as `marketplaces/`; empty for the whole bucket.
        use_unsigned_session: Whether requests are not signed, as for a public bucket.
        region_name: The region, if not the usual.
        endpoint_url: Where S3 is, if not on AWS.
        max_attempts: How often boto3 sends a request at most.
        profile_name: A profile of the AWS configuration.
        use_ssl: Whether the connection is encrypted.
        verify: Whether the server's certificate is verified; it is if not set.
        aws_access_key_id: A key of its own.
        aws_secret_access_key: The secret of that key.
        aws_session_token: The token of a temporary key.
    """

    bucket: str
    prefix: str = ""
    use_unsigned_session: bool = False
    region_name: str | None = None
    endpoint_url: str | None = None
    max_attempts: int = 5
    profile_name: str | None = None
    use_ssl: bool = True
    verify: bool | None = None
    aws_access_key_id: str | None = None
    aws_secret_access_key: str | None = None
    aws_session_token: str | None = None

    def get_client(self) -> Any:
        """Return boto3's client; a subclass may start the server first."""
        own = MarketplaceS3Resource.model_fields.keys() - {"bucket", "prefix"}
        return build_s3_client(**{name: getattr(self, name) for name in own})

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
