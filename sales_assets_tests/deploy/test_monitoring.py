"""The files of deploy/monitoring: Prometheus takes them, each alert is proven, dashboards are current."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sales_assets.monitoring.metrics.asset_metrics import measure_assets
from sales_assets.monitoring.metrics.collector import SalesCollector
from sales_assets.monitoring.metrics.instance_metrics import measure_instance
from sales_assets.monitoring.metrics.run_metrics import measure_runs
from sales_assets.monitoring.metrics.sales_metrics import measure_sales
from sales_assets.settings import ROOT
from sales_assets_tests.dashboards import DASHBOARDS, FOLDER, build_dashboard, list_queries

MONITORING = ROOT / "deploy" / "monitoring"
DOCUMENT = (ROOT / "docs" / "monitoring.md").read_text()
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((MONITORING / "rules" / "sales.yml").read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
NO_ANSWER: dict[str, Any] = {
    "instance": {"daemonHealth": {"allDaemonStatuses": []}, "concurrencyLimits": []},
    "workspaceOrError": {},
    **{name: {"results": []} for name in ("active", "ended")},
    **{name: [] for name in ("assetNodes", "days", "reconciliations")},
    **{name: {} for name in ("empty", "sales", "loads")},
}


def run_tool(*command: str | Path) -> str:
    """Run one of Prometheus's own tools; skips where Debian's package is not installed."""
    if shutil.which(str(command[0])) is None:
        package = {"promtool": "prometheus", "amtool": "prometheus-alertmanager"}[str(command[0])]
        pytest.skip(f"{command[0]} is missing: apt-get install {package}")
    done = subprocess.run(command, cwd=MONITORING, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def list_exported_names() -> set[str]:
    """Every metric that the exporter may show."""
    families = [
        *SalesCollector([]).collect(),
        *measure_instance(NO_ANSWER, 0.0),
        *measure_runs(NO_ANSWER, 0.0),
        *measure_assets(NO_ANSWER, 0.0, "UTC"),
        *measure_sales(NO_ANSWER, 0.0, "UTC"),
    ]
    return {family.name for family in families}


def test_rules_dashboards_and_document_name_only_what_is_exported_or_recorded() -> None:
    known = list_exported_names() | {"sales_assets"}  # the job's name
    recorded = {rule["record"] for rule in RULES if "record" in rule}
    text = "\n".join([*(rule["expr"] for rule in RULES), *list_queries()])
    assert set(re.findall(r"\bsales_\w+", text)) <= known
    assert set(re.findall(r"\bsales:\w+:\w+", text)) == recorded
    assert set(re.findall(r"`(sales_\w+)", DOCUMENT)) - {"sales_exporter_", "sales_"} <= known


def test_every_alert_has_a_test_and_a_section_of_its_name_that_it_links() -> None:
    tested = (MONITORING / "rules" / "sales_test.yml").read_text()
    for name, rule in ALERTS.items():
        assert f"- name: {name}\n" in tested
        assert f"\n### {name}\n" in DOCUMENT
        assert rule["annotations"]["runbook_url"].endswith(f"/docs/monitoring.md#{name.lower()}")
        assert rule["labels"]["severity"] in ("critical", "warning")


def test_the_runbooks_sections_that_the_document_names_are_there() -> None:
    headings = re.findall("^## (.+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    named = set(re.findall(r"\(runbook\.md#([\w-]+)\)", DOCUMENT))
    assert named
    assert named <= {heading.lower().replace(" ", "-") for heading in headings}


def test_the_dashboards_are_those_of_the_code() -> None:
    stale = [name for name in DASHBOARDS if (FOLDER / f"{name}.json").read_text() != build_dashboard(name)]
    assert stale == [], "Rewrite them: python -m sales_assets_tests.dashboards"


@pytest.mark.slow
def test_prometheus_takes_the_rules_each_alert_fires_and_resolves_as_tested(tmp_path: Path) -> None:
    run_tool("promtool", "check", "config", "prometheus.yml")
    run_tool("promtool", "test", "rules", "rules/sales_test.yml")
    queries = [{"record": f"dashboard:query:{n}", "expr": query} for n, query in enumerate(list_queries())]
    (tmp_path / "queries.yml").write_text(yaml.safe_dump({"groups": [{"name": "q", "rules": queries}]}))
    assert f"{len(queries)} rules found" in run_tool("promtool", "check", "rules", tmp_path / "queries.yml")


def test_alertmanager_wakes_on_call_for_what_is_critical_only() -> None:
    run_tool("amtool", "check-config", "alertmanager.yml")
    for severity, receiver in (("critical", "on-call"), ("warning", "team")):
        route = ("amtool", "config", "routes", "test", "--config.file=alertmanager.yml")
        assert run_tool(*route, f"severity={severity}").strip() == receiver
