"""Checks the bucket of marketplace files: it can be listed, and its files can be read."""

from sales_assets.operations.doctor.findings import CheckReport, Finding
from sales_assets.sources.marketplace.s3_resource import MarketplaceS3Resource


def check_s3(s3: MarketplaceS3Resource) -> list[Finding]:
    """List the first files, and request one.

    Args:
        s3: The resource that runs use.
    """
    report = CheckReport("S3")
    with report.catch_errors("Check SALES_S3_BUCKET, SALES_S3_PREFIX and the AWS_* variables."):
        bucket = s3.open_bucket()
        files, has_more = bucket.list_page("")
        more_than = "more than " if has_more else ""
        report.ok(f"{bucket.url(bucket.prefix)} can be listed: {more_than}{len(files)} object(s).")
        if files:
            bucket.is_current(files[0])
            report.ok("Its files can be read.")
    return report.findings
