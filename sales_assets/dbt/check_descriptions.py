"""What the UI says about a dbt test: what it asserts, and what to do if it fails."""

from collections.abc import Mapping
from typing import Any

_ASSERTIONS = {
    "not_null": "{column_name} is never null",
    "unique": "{column_name} is unique",
    "accepted_values": "{column_name} is one of {values}",
    "not_accepted_values": "{column_name} is none of {values}",
    "accepted_range": "{column_name} is within its range (minimum {min_value}, maximum {max_value})",
    "unique_combination_of_columns": "{combination_of_columns} together are unique",
    "recency": "the latest {field} is at most {interval} {datepart}s old",
}
_REMEDIES = {
    "ERROR": "If it fails, assets that read this one are not built: correct the data, then rerun its days.",
    "WARN": "If it fails, it only warns: nothing is held back.",
}


def describe_test(test: Mapping[str, Any]) -> str:
    """Describe a test of the dbt project.

    Args:
        test: Its properties in the manifest. A test of its own file has `meta.description`, a generic one is
            described by its name and arguments.
    """
    remedy = _REMEDIES[str(test["config"].get("severity", "ERROR")).upper()]
    return f"{_describe_assertion(test)}. {remedy}"


def _describe_assertion(test: Mapping[str, Any]) -> str:
    generic = test.get("test_metadata")
    if not generic:
        return str(test["config"]["meta"].get("description", test["name"])).rstrip(".")
    arguments = {"min_value": "none", "max_value": "none"} | {
        name: ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in generic["kwargs"].items()
    }
    sentence = _ASSERTIONS.get(generic["name"], str(generic["name"])).format(**arguments)
    return sentence[0].upper() + sentence[1:] if sentence.startswith("the ") else sentence
