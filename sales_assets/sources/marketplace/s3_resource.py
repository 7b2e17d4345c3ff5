"""The resource `s3`: dagster-aws's, with the bucket and the prefix to which marketplaces upload their files.

boto3 finds the credentials and the region in the usual `AWS_*` variables, profiles and roles.
"""

from dagster_aws.s3 import S3Resource

from sales_assets.redaction import RedactedReprMixin
from sales_assets.sources.marketplace.bucket import Bucket


class MarketplaceS3Resource(RedactedReprMixin, S3Resource):
    """S3, and where the order files are in it.

    Attributes:
        bucket: The bucket's name.
        prefix: How the keys of order files begin, such as `marketplaces/`; empty for the whole bucket.
    """

    bucket: str
    prefix: str = ""

    def open_bucket(self) -> Bucket:
        """Return the bucket of the order files; a subclass may start the server first."""
        return Bucket(self.get_client(), self.bucket, self.prefix)
