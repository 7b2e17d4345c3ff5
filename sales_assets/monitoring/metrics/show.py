"""Metrics as a person reads them in a terminal; Prometheus reads the exporter's own format instead."""

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from prometheus_client.core import Metric

from sales_assets.monitoring.metrics.families import METRIC_PREFIX

_ONLY_IF_SET = ("asset_check_failed", "asset_check_warned", "asset_partitions")
"""Families with so many samples that only those are shown that are not 0."""


def format_metrics(metrics: Iterable[Metric]) -> Iterator[str]:
    """Format metrics: a line with name and meaning for each family, and one for each sample."""
    for metric in metrics:
        name = metric.name.removeprefix(METRIC_PREFIX)
        samples = [each for each in metric.samples if each.value or name not in _ONLY_IF_SET]
        yield f"{metric.name}: {metric.documentation}"
        for sample in samples:
            labels = "  ".join(sample.labels.values())
            yield f"  {_format_value(sample.value, metric.unit, name):>20}  {labels}".rstrip()
        if not samples:
            yield f"  {'none':>20}"


def _format_value(value: float, unit: str, name: str) -> str:
    if name.endswith("timestamp_seconds"):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M UTC")
    if math.isinf(value):
        return "never"
    text = f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"
    return {"seconds": f"{text} s", "days": f"{text} days"}.get(unit, text)
