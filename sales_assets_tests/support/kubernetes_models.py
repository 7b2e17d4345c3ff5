"""The models of Kubernetes' API, strictly: unknown keys, missing keys and wrong types are errors.

The client's models drop a key that they do not know; here it is refused, as by the API's strict validation.
"""

import re
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client
from kubernetes.client import models

_MODELS = {
    "ConfigMap": models.V1ConfigMap,
    "Deployment": models.V1Deployment,
    "Job": models.V1Job,
    "NetworkPolicy": models.V1NetworkPolicy,
    "PodDisruptionBudget": models.V1PodDisruptionBudget,
    "Service": models.V1Service,
}
_SCALARS: dict[str, type | tuple[type, ...]] = {"str": str, "int": int, "bool": bool, "float": (int, float)}
_OF_MANY = re.compile(r"(?:list\[|dict\(str, )(.+)[\])]")


def read_manifests(path: Path) -> list[dict[str, Any]]:
    """The documents of a file."""
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def parse_manifest(document: dict[str, Any]) -> Any:
    """A manifest as the client's model of its kind.

    Raises:
        ValueError: A key is unknown, a required one is missing, or a value has another type.
    """
    return parse_as(_MODELS[document["kind"]], document)


def parse_as(model: type, document: Any) -> Any:
    """A part of a manifest as a model of the client; raises as `parse_manifest`."""
    _refuse_misfits(model.__name__, document, model.__name__)
    return client.ApiClient()._ApiClient__deserialize(document, model)


def _refuse_misfits(type_: str, value: Any, where: str) -> None:
    many = _OF_MANY.fullmatch(type_)
    if type_ == "object" or value is None:
        return
    if many and isinstance(value, list if type_.startswith("list") else dict):
        items = enumerate(value) if isinstance(value, list) else value.items()
        for key, item in items:
            _refuse_misfits(many[1], item, f"{where}[{key}]")
    elif type_ in _SCALARS or many:
        _refuse_scalar(type_, value, where)
    elif model := getattr(models, type_, None):
        _refuse_unknown_keys(model, value, where)


def _refuse_scalar(type_: str, value: Any, where: str) -> None:
    allowed = _SCALARS.get(type_)
    if allowed is None or not isinstance(value, allowed) or (isinstance(value, bool) and type_ != "bool"):
        message = f"{where} must be {type_}, not {value!r}"
        raise ValueError(message)


def _refuse_unknown_keys(model: Any, value: Any, where: str) -> None:
    if not isinstance(value, dict):
        message = f"{where} must be a mapping, not {value!r}"
        raise ValueError(message)
    types = {model.attribute_map[name]: type_ for name, type_ in model.openapi_types.items()}
    for key, item in value.items():
        if key not in types:
            message = f"{where} has no key {key}"
            raise ValueError(message)
        _refuse_misfits(types[key], item, f"{where}.{key}")
