"""The resource `lake`: where the Iceberg catalog is, and how it is opened.

What is in the tables belongs to the modules beside this one.
"""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import dagster as dg
from pydantic import Field

from sales_assets.errors import RefusedError, UnavailableError
from sales_assets.settings import make_private_folder

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

NAMESPACE = "sales"
"""The namespace of all tables in the catalog."""

_CATALOG = "lake"
_AWS = ".amazonaws.com"
_REGION = "us-east-1"


class LakeResource(dg.ConfigurableResource[None]):
    """Opens the Iceberg catalog.

    Attributes:
        catalog_uri: The catalog: `sqlite:///…`, `postgresql://…`, or a REST catalog's `https://…`; a password
            in it is a secret. Empty if the deployment has none.
        warehouse: Where the tables' files are: a `file://` or `s3://` URL, or a REST catalog's own name.
    """

    catalog_uri: str = Field(default="", repr=False)
    warehouse: str = ""

    def open_catalog(self) -> "Catalog":
        """Open the catalog, and make its namespace if it is not there.

        Raises:
            RefusedError: pyiceberg is not installed, or the deployment names no catalog.
            UnavailableError: The catalog did not answer; without its URI, which is a secret.
        """
        _refuse_without_pyiceberg()
        if not (self.catalog_uri and self.warehouse):
            message = (
                "This deployment has no lake. No stored data was changed. Set LAKE_CATALOG_URI and "
                "LAKE_WAREHOUSE, see docs/lake.md, then run again."
            )
            raise RefusedError(message)
        from pyiceberg.catalog import load_catalog  # noqa: PLC0415 - an extra, and 1.5 s
        from pyiceberg.exceptions import NamespaceAlreadyExistsError  # noqa: PLC0415
        from sqlalchemy.exc import IntegrityError, SQLAlchemyError  # noqa: PLC0415

        self._make_folders()
        try:
            catalog = load_catalog(_CATALOG, **self._properties())
            if not catalog.namespace_exists(NAMESPACE):
                catalog.create_namespace(NAMESPACE)
        except (NamespaceAlreadyExistsError, IntegrityError):
            return load_catalog(_CATALOG, **self._properties())
        except (SQLAlchemyError, OSError) as error:
            message = (
                f"The lake's catalog did not open ({type(error).__name__}). No stored data was changed. "
                "Check LAKE_CATALOG_URI and its server, then run again."
            )
            raise UnavailableError(message) from None
        return catalog

    def _properties(self) -> dict[str, str]:
        properties = {"uri": self.catalog_uri, "warehouse": self.warehouse}
        if urlsplit(self.warehouse).scheme == "s3":
            import boto3  # noqa: PLC0415 - a quarter of a second

            # pyiceberg does not read AWS_ENDPOINT_URL, boto3 does; credentials are found by both.
            client = boto3.client("s3")
            properties["s3.region"] = client.meta.region_name or _REGION
            if _AWS not in client.meta.endpoint_url:
                properties["s3.endpoint"] = client.meta.endpoint_url
                properties["s3.force-virtual-addressing"] = "false"
        return properties

    def _make_folders(self) -> None:
        for url in (self.catalog_uri, self.warehouse):
            parts = urlsplit(url)
            if parts.scheme == "sqlite":
                make_private_folder(Path(parts.path[1:]).parent)
            elif parts.scheme == "file":
                make_private_folder(Path(parts.path))


def _refuse_without_pyiceberg() -> None:
    try:
        import pyiceberg.catalog.sql  # noqa: F401, PLC0415 - an extra, and 1.5 s
    except ImportError:
        message = (
            "The lake needs pyiceberg. No stored data was changed. Install it with "
            "`pip install 'sales_assets[lake]'`, then run again."
        )
        raise RefusedError(message) from None
