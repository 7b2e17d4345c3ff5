"""The instance that the Helm chart makes of our values, on the test's PostgreSQL."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import yaml

from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.helm_values import build_instance_config


def write_instance(values: dict[str, Any], home: Path, erp: Erp, kubeconfig: Path) -> None:
    """Write the `dagster.yaml` that the values make, on a new database of the test's PostgreSQL."""
    database = f"dagster_{uuid4().hex[:8]}"
    erp.run(f"create database {database}")
    values["global"]["dagsterHome"] = str(home)
    values["postgresql"] |= {"postgresqlUsername": "postgres", "postgresqlDatabase": database}
    launcher = values["runLauncher"]["config"]["k8sRunLauncher"]
    launcher |= {"loadInclusterConfig": False, "kubeconfigFile": str(kubeconfig)}
    config = build_instance_config(values)
    [socket] = parse_qs(urlsplit(erp.admin_url).query)["host"]
    config["storage"]["postgres"]["postgres_db"]["params"] = {"host": socket}
    (home / "dagster.yaml").write_text(yaml.safe_dump(config))
