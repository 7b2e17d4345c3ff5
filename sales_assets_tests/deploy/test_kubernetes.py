"""The files of deploy/kubernetes: valid for the API, no secret, no root, and the policies of production."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from kubernetes.client import models

from sales_assets.settings import ROOT
from sales_assets_tests.support.helm_values import KUBERNETES, RELEASE, build_instance_config, read_values
from sales_assets_tests.support.kubernetes_models import parse_as, parse_manifest, read_manifests

PARTS = {"code-server", "daemon", "exporter", "run", "web-server"}
# What the chart passes on to Kubernetes as it is, by its names.
PASSED_ON: dict[str, Any] = {
    "podSecurityContext": models.V1PodSecurityContext,
    "securityContext": models.V1SecurityContext,
    "resources": models.V1ResourceRequirements,
    "livenessProbe": models.V1Probe,
    "readinessProbe": models.V1Probe,
    "startupProbe": models.V1Probe,
    "volumes": models.V1Volume,
    "volumeMounts": models.V1VolumeMount,
    "envConfigMaps": models.V1ConfigMapEnvSource,
    "envSecrets": models.V1SecretEnvSource,
}
ENABLED = {"readinessProbe", "startupProbe"}  # the chart's own key in them
OF_ALL = {*PASSED_ON, "image", "labels"}
# The keys that the chart has; it ignores others without a word.
KEYS = {
    "code-server": {"name", "codeServerArgs", "port", "includeConfigInLaunchedRuns"},
    "web-server": {"replicaCount", "nameOverride", "service"},
    "daemon": {"enabled", "runCoordinator", "runMonitoring", "runRetries"},
    "run": {"imagePullPolicy", "loadInclusterConfig", "runK8sConfig"},
}
TOP_KEYS = {
    *("global", "generatePostgresqlPasswordSecret", "postgresql", "dagster-user-deployments"),
    *("dagsterWebserver", "dagsterDaemon", "runLauncher", "computeLogManager"),
    *("telemetry", "additionalInstanceConfig", "retention", "pythonLogs"),
}


def read_all_manifests() -> list[dict[str, Any]]:
    files = sorted((KUBERNETES / "manifests").glob("*.yaml"))
    return [document for path in files for document in read_manifests(path)]


def read_parts() -> dict[str, dict[str, Any]]:
    """The values of each part that the chart makes."""
    values = read_values()
    [code] = values["dagster-user-deployments"]["deployments"]
    return {
        "code-server": code,
        "web-server": values["dagsterWebserver"],
        "daemon": values["dagsterDaemon"],
        "run": values["runLauncher"]["config"]["k8sRunLauncher"],
    }


def test_every_manifest_is_valid_for_the_api() -> None:
    documents = read_all_manifests()
    parsed = [parse_manifest(document) for document in documents]
    kinds = {"ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service"}
    assert {each.kind for each in parsed} == kinds
    names = [(each.kind, each.metadata.name) for each in parsed]
    assert len(set(names)) == len(names)
    assert not [each for each in parsed if each.metadata.namespace]  # kubectl says it


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"replica": 2}, "has no key replica"),
        ({"replicas": "2"}, "must be int"),
        ({"selector": None}, "must not be `None`"),
    ],
)
def test_a_manifest_with_a_wrong_key_is_refused(change: dict[str, Any], said: str) -> None:
    [deployment] = [each for each in read_all_manifests() if each["kind"] == "Deployment"]
    with pytest.raises(ValueError, match=said):
        parse_manifest(deployment | {"spec": deployment["spec"] | change})


def test_the_values_have_only_keys_of_the_chart_and_parts_that_are_valid_for_the_api() -> None:
    assert set(read_values()) == TOP_KEYS
    for name, part in read_parts().items():
        assert set(part) - OF_ALL <= KEYS[name], name
        for key in set(part) & set(PASSED_ON):
            for item in part[key] if isinstance(part[key], list) else [part[key]]:
                ours = {k: v for k, v in item.items() if k != "enabled" or key not in ENABLED}
                parse_as(PASSED_ON[key], ours)
    pod = read_parts()["run"]["runK8sConfig"]
    parse_as(models.V1PodSpec, {"containers": [], **pod["podSpecConfig"]})
    parse_as(models.V1ObjectMeta, pod["podTemplateSpecMetadata"])
    parse_as(models.V1JobSpec, {"template": {}, **pod["jobSpecConfig"]})


def test_no_container_is_root_or_writes_outside_of_its_scratch() -> None:
    parts = read_parts()
    [exporter] = [each for each in read_all_manifests() if each["kind"] == "Deployment"]
    pod = exporter["spec"]["template"]["spec"]
    containers = {name: part["securityContext"] for name, part in parts.items()}
    pods = {name: part["podSecurityContext"] for name, part in parts.items() if name != "run"}
    containers["exporter"] = pod["containers"][0]["securityContext"]
    pods |= {
        "exporter": pod["securityContext"],
        "run": parts["run"]["runK8sConfig"]["podSpecConfig"]["securityContext"],
    }
    assert set(containers) == set(pods) == PARTS
    for name in PARTS:
        assert pods[name]["runAsNonRoot"], name
        assert f"--uid {pods[name]['runAsUser']}" in (ROOT / "deploy" / "Dockerfile").read_text()
        assert containers[name]["readOnlyRootFilesystem"], name
        assert containers[name]["capabilities"] == {"drop": ["ALL"]}
        assert containers[name]["allowPrivilegeEscalation"] is False
    mounted = {tuple(each["mountPath"] for each in part["volumeMounts"]) for part in parts.values()}
    assert mounted == {("/tmp", "/opt/sales_assets/.data", "/opt/dagster/home/storage")}  # noqa: S108


def test_every_process_that_stays_has_its_probes_and_the_chart_does_not_leave_one_out() -> None:
    probes = {"readinessProbe", "livenessProbe", "startupProbe"}
    for name, part in read_parts().items():
        if name != "run":
            assert probes & set(part) >= probes - ({"readinessProbe"} if name == "daemon" else set())
            assert part["startupProbe"]["enabled"], name  # else the chart leaves it out
            assert part.get("readinessProbe", {}).get("enabled", True), name


def walk(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a document, with its path."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from walk(item, f"{path}.{key}")
    else:
        yield path, str(value)


def test_no_secret_is_written_down() -> None:
    secret = re.compile(r"password|secret|token|private_key|postgres_url|alert_urls|heartbeat_url", re.I)
    texts = [*walk(read_values()), *(text for each in read_all_manifests() for text in walk(each))]
    named = {path: text for path, text in texts if secret.search(path)}
    values = {text for path, text in named.items()}
    assert values == {"False", "sales-secrets", "sales-postgres"}
    assert not [each for each in read_all_manifests() if each["kind"] == "Secret"]
    assert not [text for _, text in texts if "BEGIN" in text or re.search(r"://[^/\s]*:[^/\s]*@", text)]


def test_the_instance_has_the_policies_of_production_but_more_runs_of_one_backfill() -> None:
    many = yaml.safe_load((ROOT / "deploy" / "dagster" / "production.yaml").read_text())
    ours = build_instance_config(read_values())
    assert set(ours) - {"run_launcher"} == set(many) - {"compute_logs"}
    for policy in ("run_retries", "retention", "python_logs", "nux", "telemetry"):
        assert ours[policy] == many[policy], policy
    assert many["run_monitoring"].items() <= ours["run_monitoring"].items()
    limits = ours["concurrency"]["runs"]["tag_concurrency_limits"]
    assert [each.pop("limit") for each in limits] == [1, 4]
    for each in many["concurrency"]["runs"]["tag_concurrency_limits"]:
        each.pop("limit")
    assert ours["concurrency"] == many["concurrency"]
    custom = read_values()["computeLogManager"]["config"]["customComputeLogManager"]
    assert custom == many["compute_logs"]


def test_policies_and_budgets_select_pods_that_exist() -> None:
    labels = {name: part["labels"]["sales-assets/part"] for name, part in read_parts().items()}
    assert {*labels.values(), "exporter"} == PARTS
    selected: dict[str, set[str]] = {}
    for document in read_all_manifests():
        if document["kind"] in {"NetworkPolicy", "PodDisruptionBudget"}:
            found = re.findall(r"'sales-assets/part': '([\w-]+)'", str(document))
            found += [
                each
                for text in re.findall(r"'values': \[(.*?)\]", str(document))
                for each in text.split("'")[1::2]
            ]
            selected[document["metadata"]["name"]] = set(found)
    assert set().union(*selected.values()) == PARTS
    assert selected["sales-nobody"] == set()  # all that have the label
    ports = {
        "code-server": read_parts()["code-server"]["port"],
        "web-server": read_parts()["web-server"]["service"]["port"],
    }
    assert ports == {"code-server": 4000, "web-server": 3000}


def test_the_exporter_asks_the_service_that_the_chart_makes_for_the_web_server() -> None:
    web = read_parts()["web-server"]
    [exporter] = [each for each in read_all_manifests() if each["kind"] == "Deployment"]
    arguments = exporter["spec"]["template"]["spec"]["containers"][0]["args"]
    assert f"http://{RELEASE}-{web['nameOverride']}:{web['service']['port']}" in arguments
