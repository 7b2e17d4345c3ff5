"""`python -m sales_assets_tests.helm_chart FOLDER`: the values against the schema of a chart on this machine.

Whoever runs this downloads the chart (`helm pull dagster/dagster --untar`). Where `helm` is installed, what
it renders is also checked against the API's models. Rules that need no chart: `deploy/test_kubernetes.py`.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from sales_assets_tests.support.helm_values import KUBERNETES, NAMESPACE, RELEASE, read_values
from sales_assets_tests.support.kubernetes_models import parse_manifest


def find_errors(
    schema: dict[str, Any], definitions: dict[str, Any], defaults: dict[str, Any], given: dict[str, Any]
) -> list[str]:
    """What a schema refuses of values, each with its path.

    Args:
        schema: The chart's `values.schema.json`.
        definitions: What its references to other addresses mean: Kubernetes' own definitions. If empty, they
            accept everything.
        defaults: The chart's `values.yaml`, which Helm puts below the values.
        given: The values.
    """
    resource: Resource[Any] = Resource.from_contents(definitions, default_specification=DRAFT7)
    registry: Registry[Any] = Registry(retrieve=lambda _: resource)  # type: ignore[call-arg]
    validator = Draft7Validator(schema, registry=registry)
    errors = validator.iter_errors(_merge(defaults, given))
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]


def _merge(below: Any, above: Any) -> Any:
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return below | {key: _merge(below.get(key), value) for key, value in above.items()}


def render_manifests(chart: Path) -> list[dict[str, Any]]:
    """What `helm template` makes of the values."""
    command = [
        "helm",
        "template",
        RELEASE,
        str(chart),
        "-n",
        NAMESPACE,
        "-f",
        str(KUBERNETES / "values.yaml"),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def main(chart: Path) -> int:
    """Validate, and print what is wrong; the exit code is 1 if anything is."""
    found = sorted(chart.glob("kubernetes/_definitions.json"))
    errors = find_errors(
        json.loads((chart / "values.schema.json").read_text()),
        json.loads(found[0].read_text()) if found else {},
        yaml.safe_load((chart / "values.yaml").read_text()),
        read_values(),
    )
    for error in errors:
        sys.stdout.write(f"{error}\n")
    if shutil.which("helm") and not errors:
        kinds = {"ConfigMap", "Deployment", "Service"}
        for document in render_manifests(chart):
            if document["kind"] in kinds:
                parse_manifest(document)
    sys.stdout.write("The values are valid.\n" if not errors else "")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
