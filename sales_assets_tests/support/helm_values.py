"""What the official Helm chart makes of `deploy/kubernetes/values.yaml`, as far as the tests need it.

The chart is not copied here, and its templates are for Helm: `python -m sales_assets_tests.helm_chart`
validates against a chart that is on this machine.
"""

from typing import Any

import yaml

from sales_assets.settings import ROOT

KUBERNETES = ROOT / "deploy" / "kubernetes"
NAMESPACE = "sales"
RELEASE = "sales"
INSTANCE_CONFIG_MAP = "sales-dagster-instance"
# The chart's names of the launcher's fields, and the launcher's.
_LAUNCHER = {
    "imagePullPolicy": "image_pull_policy",
    "loadInclusterConfig": "load_incluster_config",
    "kubeconfigFile": "kubeconfig_file",
    "volumes": "volumes",
    "volumeMounts": "volume_mounts",
    "labels": "labels",
    "securityContext": "security_context",
    "resources": "resources",
}
_RUN_CONFIG = {
    "containerConfig": "container_config",
    "podSpecConfig": "pod_spec_config",
    "podTemplateSpecMetadata": "pod_template_spec_metadata",
    "jobSpecConfig": "job_spec_config",
    "jobMetadata": "job_metadata",
}


def read_values() -> dict[str, Any]:
    """The values."""
    values: dict[str, Any] = yaml.safe_load((KUBERNETES / "values.yaml").read_text())
    return values


def build_instance_config(values: dict[str, Any]) -> dict[str, Any]:
    """The `dagster.yaml` of the chart's template: launcher, storage, and what is added as it is."""
    postgres = values["postgresql"]
    return {
        "run_launcher": {
            "module": "dagster_k8s",
            "class": "K8sRunLauncher",
            "config": _build_launcher_config(values),
        },
        "storage": {
            "postgres": {
                "postgres_db": {
                    "hostname": postgres["postgresqlHost"],
                    "username": postgres["postgresqlUsername"],
                    "password": {"env": "DAGSTER_PG_PASSWORD"},
                    "db_name": postgres["postgresqlDatabase"],
                    "port": postgres["service"]["port"],
                }
            }
        },
        "telemetry": values["telemetry"],
        **values["additionalInstanceConfig"],
    }


def _build_launcher_config(values: dict[str, Any]) -> dict[str, Any]:
    given = dict(values["runLauncher"]["config"]["k8sRunLauncher"])
    config: dict[str, Any] = {
        "job_namespace": NAMESPACE,
        "service_account_name": "sales-dagster",
        "dagster_home": values["global"]["dagsterHome"],
        "instance_config_map": INSTANCE_CONFIG_MAP,
        "postgres_password_secret": values["global"]["postgresqlSecretName"],
        "env_config_maps": [each["name"] for each in given.pop("envConfigMaps")],
        "env_secrets": [each["name"] for each in given.pop("envSecrets")],
        "run_k8s_config": {_RUN_CONFIG[name]: it for name, it in given.pop("runK8sConfig").items()},
    }
    return config | {_LAUNCHER[name]: value for name, value in given.items()}
