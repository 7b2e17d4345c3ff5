"""From a failed day to a message and its end: the real exporter, rules, Prometheus and Alertmanager."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from sales_assets.catalog.names import RAW_ORDERS_KEY
from sales_assets.monitoring.metrics.collector import SalesCollector
from sales_assets.monitoring.metrics.exporter import build_collector, serve_metrics
from sales_assets.monitoring.metrics.webserver import WebServer
from sales_assets.settings import ROOT, settings
from sales_assets_tests.support.receiver import Receiver, running_receiver
from sales_assets_tests.support.runs import begin_load
from sales_assets_tests.support.webserver import running_webserver

MONITORING = ROOT / "deploy" / "monitoring"
PROMETHEUS, ALERTMANAGER = "prometheus", "prometheus-alertmanager"
ALERT, DAY = "SalesDayFailed", "2025-01-15"
PATIENCE_SECONDS = 120

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.slow,  # Prometheus and Alertmanager need a second for each step
    pytest.mark.skipif(
        None in map(shutil.which, (PROMETHEUS, ALERTMANAGER)),
        reason=f"apt-get install {PROMETHEUS} {ALERTMANAGER}",
    ),
]


def find_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def running(*command: str | Path) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield
        process.terminate()


@contextmanager
def exported(collector: SalesCollector) -> Iterator[int]:
    """The exporter over HTTP; the test decides when it asks."""
    server, thread = serve_metrics(collector, "127.0.0.1", 0)
    yield server.server_port
    collector.stop()
    server.shutdown()
    thread.join()


def prepare(folder: Path, exporter: int, alertmanager: int, receiver: Receiver) -> None:
    """The files of deploy/monitoring with the addresses of the test, and without the patience of people."""
    rules = yaml.safe_load((MONITORING / "rules" / "sales.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.pop("for", None)
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(folder / "rules.yml")]
    config["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{exporter}"]}]
    targets = {"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}
    config["alerting"]["alertmanagers"] = [targets]
    routing = yaml.safe_load((MONITORING / "alertmanager.yml").read_text())
    routing["route"] |= {"group_wait": "0s", "group_interval": "1s"}
    hook = {"url": receiver.url.replace("json", "http"), "send_resolved": True}
    routing["receivers"] = [
        {"name": each["name"], **({"webhook_configs": [hook]} if each["name"] == "team" else {})}
        for each in routing["receivers"]
    ]
    for name, content in (("rules", rules), ("prometheus", config), ("alertmanager", routing)):
        (folder / f"{name}.yml").write_text(yaml.safe_dump(content))


def wait_for_message(receiver: Receiver, status: str) -> dict[str, Any]:
    """Wait for the next message about the alert that has a status."""
    while True:
        message = receiver.arrivals.get(timeout=PATIENCE_SECONDS)
        for alert in message["alerts"]:
            if alert["labels"]["alertname"] == ALERT and alert["status"] == status:
                return dict(alert)


def test_a_failed_day_becomes_a_message_and_its_repair_another(tmp_path: Path) -> None:
    port = find_port()
    with ExitStack() as stack:
        instance = stack.enter_context(dg.DagsterInstance.local_temp(str(tmp_path)))
        receiver = stack.enter_context(running_receiver())
        url = stack.enter_context(running_webserver(instance))
        collector = build_collector(WebServer(url), settings())
        instance.report_run_failed(begin_load(instance, DAY))
        collector.refresh()
        prepare(tmp_path, stack.enter_context(exported(collector)), port, receiver)
        quiet = "--log.level=error"
        stack.enter_context(
            running(
                ALERTMANAGER,
                f"--config.file={tmp_path / 'alertmanager.yml'}",
                f"--storage.path={tmp_path / 'alerts'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
                quiet,
            )
        )
        stack.enter_context(
            running(
                PROMETHEUS,
                f"--config.file={tmp_path / 'prometheus.yml'}",
                f"--storage.tsdb.path={tmp_path / 'series'}",
                f"--web.listen-address=127.0.0.1:{find_port()}",
                quiet,
            )
        )
        told = wait_for_message(receiver, "firing")
        assert told["labels"]["asset"] == RAW_ORDERS_KEY.to_user_string()
        assert told["annotations"]["summary"] == "raw_orders failed for 1 partition(s)."
        instance.report_runless_asset_event(dg.AssetMaterialization(RAW_ORDERS_KEY, partition=DAY))
        collector.refresh()
        assert wait_for_message(receiver, "resolved")["labels"] == told["labels"]
