"""Variables for runs whose subject is not what dbt's tests find."""

MODELS_ALONE = {"DBT_RESOURCE_TYPES": "model"}
"""Has dbt build its models without its tests, which are most of the time of a run."""
