"""Looks at the bucket of the marketplaces' files: that it can be listed and its files read."""

from sales_assets.operations.doctor.findings import Finding, Notes
from sales_assets.sources.marketplace.s3_resource import MarketplaceS3Resource


def look_at_s3(s3: MarketplaceS3Resource) -> list[Finding]:
    """List the first files, and ask for one.

    Args:
        s3: The resource that runs use.
    """
    notes = Notes("S3")
    with notes.looking("Check SALES_S3_BUCKET, SALES_S3_PREFIX and the AWS_* variables."):
        bucket = s3.open_bucket()
        files, has_more = bucket.list_page("")
        many = "more than " if has_more else ""
        notes.well(f"{bucket.url(bucket.prefix)} can be listed, {many}{len(files)} object(s).")
        for file in files[:1]:
            bucket.is_current(file)
            notes.well("Its files can be read.")
    return notes.findings
