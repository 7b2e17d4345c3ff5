"""The Grafana dashboards as code: what stands on each, and where.

`python -m sales_assets_tests.dashboards` rewrites `deploy/monitoring/dashboards`.
"""

from collections.abc import Iterable
from itertools import count
from pathlib import Path

from grafana_foundation_sdk.builders import prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders.common import ReduceDataOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, Row, ThresholdsConfig
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import TimeZoneBrowser
from grafana_foundation_sdk.models.dashboard import DataSourceRef, Threshold, ThresholdsMode
from grafana_foundation_sdk.models.prometheus import Dataquery, PromQueryFormat

from sales_assets.settings import ROOT

FOLDER = ROOT / "deploy" / "monitoring" / "dashboards"

Panel = stat.Panel | table.Panel | timeseries.Panel
SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")

_GOOD, _BAD = "green", "red"
_WIDTH, _HEIGHT = 24, 8


def build_number(title: str, query: str, unit: str = "none", bad_from: float | None = None) -> stat.Panel:
    """A large number, red from a value on."""
    steps = [Threshold(value=None, color=_GOOD)]
    if bad_from is not None:
        steps.append(Threshold(value=bad_from, color=_BAD))
    thresholds = ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
    panel = stat.Panel().title(title).unit(unit).thresholds(thresholds).no_value("no data")
    panel.reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
    return (
        panel.height(4).span(4).datasource(SOURCE).with_target(prometheus.Dataquery().ref_id("A").expr(query))
    )


def build_lines(title: str, query: str, legend: str, unit: str = "none") -> timeseries.Panel:
    """Lines over time, one for each series."""
    target = prometheus.Dataquery().ref_id("A").expr(query).legend_format(legend)
    panel = timeseries.Panel().title(title).unit(unit).height(_HEIGHT).span(_WIDTH // 2)
    return panel.datasource(SOURCE).with_target(target)


def build_table(title: str, query: str) -> table.Panel:
    """The series as they are now."""
    target = prometheus.Dataquery().ref_id("A").expr(query).instant().format(PromQueryFormat.TABLE)
    panel = table.Panel().title(title).height(_HEIGHT).span(_WIDTH // 2)
    return panel.datasource(SOURCE).with_target(target)


OPERATIONS: dict[str, list[Panel]] = {
    "Dagster": [
        build_number("Web server down", "1 - sales_webserver_up", bad_from=1),
        build_number("Code locations down", "count(sales_code_location_up == 0) or vector(0)", bad_from=1),
        build_number("Oldest heartbeat", "max(sales_daemon_heartbeat_age_seconds)", "s", bad_from=120),
        build_number("Failing automations", "sum(sales_automation_last_tick_failed)", bad_from=1),
        build_number("Alerts waiting", "sales_alerts_waiting", bad_from=1),
        build_number("Age of these numbers", "max(sales_exporter_answer_age_seconds)", "s", bad_from=900),
    ],
    "Runs": [
        build_number("Failed in 24 h", "sales:runs_failed:ratio1d", "percentunit", bad_from=0.25),
        build_number("Queued for", "sales_run_queue_age_seconds", "s", bad_from=3600),
        build_lines("Ended in 24 h", "sales_runs_ended_last_day", "{{job}} {{status}}"),
        build_lines("Queued and running", "sales_runs_active", "{{job}} {{status}}"),
        build_lines("Duration", "sales_job_last_duration_seconds", "{{job}}", "s"),
        build_lines("Slots in use", "sales_pool_slots_used / sales_pool_slots", "{{pool}}", "percentunit"),
        build_lines("Steps waiting for a slot", "sales_pool_steps_waiting", "{{pool}}"),
    ],
}

TRUST: dict[str, list[Panel]] = {
    "Gold": [
        build_number("Late by", "sales_gold_late_seconds", "s", bad_from=1),
        build_number("On time, 30 days", "1 - sales:gold_late:ratio30d", "percentunit"),
        build_number("Days not as in the ERP", "sales_days_unreconciled", bad_from=1),
        build_number("Compared", "time() - sales_reconciliation_timestamp_seconds", "s", bad_from=129_600),
        build_number("Failing checks", "sum(sales_asset_check_failed)", bad_from=1),
        build_number("Warning checks", "sum(sales_asset_check_warned)", bad_from=1),
    ],
    "Days": [
        build_table(
            "Not loaded",
            'sum by (asset, state) (sales_asset_partitions{state=~"missing|failed|stale|outdated"}) > 0',
        ),
        build_table("Failing", "sum by (asset, check) (sales_asset_check_failed) > 0"),
        build_lines("Complete days after the last one loaded", "sales_asset_last_day_age_days", "{{asset}}"),
        build_lines(
            "Age of Airbyte's tables",
            'time() - sales_asset_last_materialization_timestamp_seconds{group="airbyte"}',
            "{{asset}}",
            "s",
        ),
    ],
}

SALES: dict[str, list[Panel]] = {
    "The last day": [
        build_number("Last day", "sales_last_day_timestamp_seconds * 1000", "dateTimeAsIso"),
        build_number("Orders", "sum(sales_last_day_orders)"),
        build_number("Revenue of the ERP", 'sales_last_day_revenue{channel="erp"}'),
        build_number("Orders rejected", "sales_last_day_rejected_orders", bad_from=1),
        build_lines("Orders by channel", "sales_last_day_orders", "{{channel}} {{currency}}"),
        build_lines("Revenue by channel", "sales_last_day_revenue", "{{channel}} {{currency}}"),
    ],
}

DASHBOARDS = {
    "operations": ("Sales: operations", OPERATIONS),
    "data_trust": ("Sales: data trust", TRUST),
    "sales": ("Sales: the last day", SALES),
}


def build_dashboard(name: str) -> str:
    """A dashboard as the JSON that Grafana imports."""
    title, rows = DASHBOARDS[name]
    dashboard = Dashboard(title).uid(f"sales-{name.replace('_', '-')}").tags(["sales"]).refresh("1m")
    dashboard.time("now-7d", "now").timezone(TimeZoneBrowser).readonly()
    dashboard.with_variable(DatasourceVariable("source").label("Prometheus").type("prometheus"))
    numbers = count(1)
    for row, panels in rows.items():
        dashboard.with_row(Row(row).id(next(numbers)))
        for panel in panels:
            dashboard.with_panel(panel.id(next(numbers)))
    return JSONEncoder(sort_keys=True, indent=2).encode(dashboard.build()) + "\n"


def list_queries() -> Iterable[str]:
    """Every query of every dashboard."""
    for _, rows in DASHBOARDS.values():
        for panels in rows.values():
            for panel in panels:
                targets = panel.build().targets or []
                yield from (target.expr for target in targets if isinstance(target, Dataquery))


def write(folder: Path) -> None:
    """Write every dashboard."""
    for name in DASHBOARDS:
        (folder / f"{name}.json").write_text(build_dashboard(name))


if __name__ == "__main__":
    write(FOLDER)
