"""The resource `file_stores`: where an environment keeps the dashboard and the exports.

How files are replaced belongs to `file_store.py`, what is in them to the assets.
"""

import dagster as dg

from sales_assets.warehouse.file_store import FileStore, open_file_store


class FileStores(dg.ConfigurableResource[None]):
    """The folders or S3 prefixes of files that are made of the warehouse's rows.

    Attributes:
        reports: Of the dashboard.
        exports: Of the files for other tools.
    """

    reports: str
    exports: str

    def open_reports(self) -> FileStore:
        """Open the store of the dashboard."""
        return open_file_store(self.reports)

    def open_exports(self) -> FileStore:
        """Open the store of the exports."""
        return open_file_store(self.exports)
