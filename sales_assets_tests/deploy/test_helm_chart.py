"""The optional validation of the values against a chart's own schema."""

from sales_assets_tests.helm_chart import find_errors


def test_values_are_validated_against_a_charts_own_schema() -> None:
    schema = {
        "type": "object",
        "properties": {
            "dagsterDaemon": {"$ref": "https://example.com/_definitions.json#/definitions/daemon"}
        },
        "required": ["postgresql"],
    }
    definitions = {"definitions": {"daemon": {"properties": {"heartbeatTolerance": {"type": "integer"}}}}}
    defaults = {"postgresql": {}, "dagsterDaemon": {"heartbeatTolerance": 1800}}
    given = {"dagsterDaemon": {"enabled": True}}
    assert find_errors(schema, definitions, defaults, given) == []
    wrong = {"dagsterDaemon": {"heartbeatTolerance": "long"}}
    assert find_errors(schema, definitions, defaults, wrong) == [
        "dagsterDaemon.heartbeatTolerance: 'long' is not of type 'integer'"
    ]
