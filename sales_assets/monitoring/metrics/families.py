"""How a metric is written down: a family of samples with the same labels. What is measured is not here."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily

METRIC_PREFIX = "sales_"
"""The names of all metrics begin with it, so they collide with no other exporter's."""

Sample = tuple[tuple[str, ...], float]
"""The values of the labels, and the value."""


def build_family(
    name: str, meaning: str, samples: Iterable[Sample], labels: tuple[str, ...] = (), unit: str = ""
) -> GaugeMetricFamily:
    """Build a family.

    Args:
        name: Without prefix and unit.
        meaning: One line that says what it is.
        samples: Its samples.
        labels: Their labels.
        unit: Such as `seconds`; it becomes the end of the name.
    """
    family = GaugeMetricFamily(METRIC_PREFIX + name, meaning, labels=labels, unit=unit)
    for values, value in samples:
        family.add_metric(values, value)
    return family
