"""The exporter: what it shows is what the web server knows, and it survives one that is down."""

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.request import Request, urlopen

import dagster as dg
import pandas as pd
import pytest
from dagster._daemon.types import DaemonHeartbeat
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from sales_assets.catalog.names import (
    DAILY_SALES_KEY,
    FCT_ORDERS_KEY,
    NO_DATA_TAG,
    RAW_MARKETPLACE_ORDERS_KEY,
    RAW_ORDERS_KEY,
    RECONCILIATION_CHECK,
)
from sales_assets.commands.__main__ import main
from sales_assets.definitions import defs
from sales_assets.errors import UnavailableError
from sales_assets.monitoring.alerts.tell import Outcome
from sales_assets.monitoring.metrics import exporter
from sales_assets.monitoring.metrics.collector import MOST_INTERVALS, RETRY_SECONDS, Part, SalesCollector
from sales_assets.monitoring.metrics.days import find_last_day
from sales_assets.monitoring.metrics.exporter import build_collector, serve_metrics
from sales_assets.monitoring.metrics.families import METRIC_PREFIX, build_family
from sales_assets.monitoring.metrics.instance_metrics import measure_instance
from sales_assets.monitoring.metrics.run_metrics import measure_runs
from sales_assets.monitoring.metrics.sales_metrics import measure_sales
from sales_assets.monitoring.metrics.webserver import WebServer
from sales_assets.reports.key_figures import summarize_daily_sales
from sales_assets.settings import settings
from sales_assets.transforms.rejections import REJECTED_COUNT
from sales_assets_tests.support.receiver import running_receiver
from sales_assets_tests.support.runs import begin_load, empty_job
from sales_assets_tests.support.webserver import running_webserver

YESTERDAY = find_last_day(time.time(), settings().timezone)
LABELS = {"asset", "channel", "check", "currency", "daemon", "group", "job", "kind", "location", "name"}
LABELS |= {"part", "pool", "state", "status"}


def ago(days: int) -> str:
    return (YESTERDAY - timedelta(days=days)).isoformat()


SALES = pd.DataFrame(
    {
        "order_date": pd.Timestamp("2025-01-15"),
        "channel": ["erp", "bazaar"],
        "currency": ["EUR", "CHF"],
        "order_count": [2, 1],
        "total_amount": [10.25, 3.0],
    }
)


class History:
    """An instance with a bit of everything."""

    def __init__(self, folder: Path):
        self.instance = dg.DagsterInstance.local_temp(str(folder))
        nodes = defs.get_repository_def().asset_graph.asset_nodes
        versions = {node.key: str(node.code_version) for node in nodes}
        for day in (4, 3, 2):
            self.store(RAW_ORDERS_KEY, ago(day), code=versions[RAW_ORDERS_KEY])
            self.store(dg.AssetKey("silver_enriched_orders"), ago(day))
        self.store(RAW_ORDERS_KEY, ago(2), code=versions[RAW_ORDERS_KEY], **{REJECTED_COUNT: 4})
        self.store(dg.AssetKey("silver_enriched_orders"), ago(2))
        self.store(RAW_ORDERS_KEY, ago(3), code="older")  # silver's day is stale now
        self.store(FCT_ORDERS_KEY, ago(4))
        self.instance.report_run_failed(begin_load(self.instance, ago(1)))
        empty = dg.AssetObservation(RAW_ORDERS_KEY, partition=ago(0), metadata={NO_DATA_TAG: True})
        self.instance.report_runless_asset_event(empty)
        self.instance.add_dynamic_partitions("marketplace_files", ["a.csv", "b.csv"])
        self.store(RAW_MARKETPLACE_ORDERS_KEY, "a.csv")
        self.instance.report_runless_asset_event(
            dg.AssetMaterialization(DAILY_SALES_KEY, metadata=summarize_daily_sales(SALES))
        )
        self.compare(ago(4), ago(2), differing=[ago(3)])
        self.instance.create_run_for_job(empty_job)
        beat = DaemonHeartbeat(time.time() - 1_000, "SENSOR", "id", [])
        self.instance.add_daemon_heartbeat(beat)
        self.instance.event_log_storage.set_concurrency_slots("erp", 2)

    def store(self, asset: dg.AssetKey, partition: str, code: str = "", **metadata: int) -> None:
        tags = {"dagster/code_version": code} if code else {}
        self.instance.report_runless_asset_event(
            dg.AssetMaterialization(asset, partition=partition, tags=tags, metadata=metadata)
        )

    def compare(self, first: str, last: str, differing: list[str]) -> None:
        end = datetime.fromisoformat(last).replace(tzinfo=UTC) + timedelta(days=1)
        metadata: dict[str, Any] = {
            "window": f"[{first}T00:00:00+00:00, {end.isoformat()})",
            "differing_days": differing,
        }
        evaluation = dg.AssetCheckEvaluation(
            asset_key=RECONCILIATION_CHECK.asset_key,
            check_name=RECONCILIATION_CHECK.name,
            passed=not differing,
            metadata=metadata,
        )
        self.instance.report_runless_asset_event(evaluation)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = History(tmp_path)
    yield history
    history.instance.dispose()


def scrape(port: int) -> dict[str, dict[tuple[str, ...], float]]:
    """The values by name without prefix and by labels; what is no OpenMetrics with units is refused."""
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    with urlopen(Request(f"http://127.0.0.1:{port}/metrics", headers=accept)) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))  # type: ignore[no-untyped-call]
    samples = [sample for family in families for sample in family.samples]
    assert {label for sample in samples for label in sample.labels} <= LABELS
    assert all(family.name.startswith(METRIC_PREFIX) for family in families)
    values: dict[str, dict[tuple[str, ...], float]] = {}
    for sample in samples:
        values.setdefault(sample.name.removeprefix(METRIC_PREFIX), {})[tuple(sample.labels.values())] = (
            sample.value
        )
    return values


@pytest.mark.slow
def test_a_scrape_shows_what_the_web_server_knows(
    history: History, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in ("INSTANCE", "ASSETS"):
        monkeypatch.setattr(exporter, f"{part}_TIMEOUT_SECONDS", 600.0)  # a busy machine is not its subject
    with running_webserver(history.instance) as url:
        collector = build_collector(WebServer(url), settings())
        collector.refresh()
        server, thread = serve_metrics(collector, "127.0.0.1", 0)
        found = scrape(server.server_port)
        assert found["exporter_failures_total"] == {("instance",): 0, ("assets",): 0}
        assert main(["metrics", "--show", "--url", url]) == 0
        collector.stop()
    server.shutdown()
    thread.join()
    shown = capfd.readouterr().out

    def states(asset: str) -> dict[str, float]:
        counts = found["asset_partitions"]
        return {state: count for (name, state), count in counts.items() if name == asset and count}

    total = (YESTERDAY - datetime.fromisoformat(settings().first_day).date()).days + 1
    orders = {"loaded": 2, "outdated": 1, "failed": 1, "no_data": 1, "missing": total - 5}
    assert states("raw_orders") == orders
    assert states("silver_enriched_orders") == {"loaded": 2, "stale": 1, "no_data": 1, "missing": total - 4}
    assert states("raw_marketplace_orders") == {"loaded": 1, "missing": 1}
    assert found["asset_last_day_age_days"][("raw_orders",)] == 2
    assert found["asset_last_day_age_days"][("gold/fct_orders",)] == 4
    assert found["asset_check_failed"] == {("gold/fct_orders", RECONCILIATION_CHECK.name): 1}
    assert found["days_unreconciled"] == {(): 1}
    assert found["days_reconciled"] == {(): 2}
    assert found["gold_ready"] == {(): 1}  # the ERP had no orders
    assert found["last_day_orders"] == {("erp", "EUR"): 2, ("bazaar", "CHF"): 1}
    assert found["last_day_revenue"] == {("erp", "EUR"): 10.25, ("bazaar", "CHF"): 3}
    assert found["last_day_rejected_orders"] == {(): 4}
    assert found["last_day_timestamp_seconds"] == {(): 1_736_899_200}
    assert found["runs_active"] == {("empty_job", "NOT_STARTED"): 1}
    assert found["runs_ended_last_day"] == {("empty_job", "FAILURE"): 1}
    assert 1_000 <= found["daemon_heartbeat_age_seconds"][("SENSOR",)] < 10_000
    assert found["daemon_heartbeat_age_seconds"][("SCHEDULER",)] == float("inf")
    assert found["pool_slots"] == {("erp",): 2}
    assert found["code_location_up"] == {("sales_assets",): 1}
    assert ("schedule", "sales_pipeline_schedule") in found["automation_running"]
    assert found["webserver_up"] == {(): 1}
    assert set(found["exporter_answer_age_seconds"]) == {("instance",), ("assets",)}
    assert f"{total - 5}  raw_orders  missing" in shown


def test_while_the_code_location_loads_nothing_is_said_of_assets_rather_than_that_there_are_none() -> None:
    loading: dict[str, Any] = {"assetNodes": [], "empty": {}, "sales": {}, "reconciliations": []}
    with patch.object(WebServer, "ask", return_value=loading):
        part = build_collector(WebServer("http://localhost:3000"), settings())._parts[1]
        part.refresh()
        with pytest.raises(UnavailableError, match="the code location is not loaded"):
            part.ask()
    assert (part.is_up, part.failures, part.answer) == (False, 1, None)
    assert part.every_seconds > MOST_INTERVALS * RETRY_SECONDS


def test_a_web_server_that_is_down_slow_or_another_is_said_in_a_sentence(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(["metrics", "--show", "--url", "http://user:secret@127.0.0.1:9"]) == 1
    assert f"{METRIC_PREFIX}webserver_up" in capfd.readouterr().out
    with running_receiver() as receiver:
        server = WebServer(receiver.url.replace("json", "http"))
        for status, sentence in ((0, "within 0.2 s"), (503, "status 503"), (200, "JSON")):
            receiver.status = status
            with pytest.raises(UnavailableError, match=sentence) as error:
                server.ask("instance", 0.2, since=0.0)
            assert server.name in str(error.value)


def test_an_answer_is_kept_for_a_while_and_its_loss_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers: list[dict[str, Any]] = [{"n": 1.0}]

    def ask() -> dict[str, Any]:
        if not answers:
            message = "It is down."
            raise UnavailableError(message)
        return answers.pop()

    part = Part("p", 60.0, ask, lambda answer, _: [build_family("n", "n", [((), answer["n"])])])
    collector = SalesCollector([part])

    def read() -> dict[str, float]:
        return {sample.name: sample.value for each in collector.collect() for sample in each.samples}

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            collector.refresh()
    assert read()["sales_n"] == 1
    assert read()["sales_webserver_up"] == 0
    assert read()["sales_exporter_failures_total"] == 2
    part.answered_at -= 60.0 * MOST_INTERVALS
    assert "sales_n" not in read()
    assert read()["sales_exporter_answer_age_seconds"] >= 180
    answers.append({"n": 2.0})
    collector.refresh()
    assert read()["sales_n"] == 2
    assert [record.message.split(".")[0] for record in caplog.records] == [
        "It is down",
        "Dagster's web server answers again for p",
    ]


GOLD = {
    "assetKey": {"path": FCT_ORDERS_KEY.path},
    "assetPartitionStatuses": {
        "__typename": "TimePartitionStatuses",
        "ranges": [{"startKey": "2025-01-01", "endKey": "2025-01-14", "status": "MATERIALIZED"}],
    },
}
ANSWER: dict[str, Any] = {"assetNodes": [GOLD], "empty": {}, "reconciliations": [], "sales": {}, "loads": {}}


def measure(now: str, **answer: Any) -> dict[str, float]:
    at = datetime.fromisoformat(now).timestamp()
    families = measure_sales(ANSWER | answer, at, "Europe/Rome")
    return {
        sample.name.removeprefix(METRIC_PREFIX): sample.value for each in families for sample in each.samples
    }


@pytest.mark.parametrize(
    ("now", "ready", "late"),
    [
        ("2025-01-15T23:59:59+01:00", 1, 0),
        ("2025-01-16T07:59:00+01:00", 0, 0),
        ("2025-01-16T08:30:00+01:00", 0, 1_800),
    ],
)
def test_gold_is_late_from_eight_in_the_business_time_zone_on(now: str, ready: int, late: float) -> None:
    found = measure(now)
    assert (found["gold_ready"], found["gold_late_seconds"]) == (ready, late)
    assert found["gold_on_time"] == float(not late)


def test_a_day_counts_as_it_was_compared_last() -> None:
    def compared(first: int, last: int, differing: str) -> dict[str, Any]:
        window = f"[2025-01-{first - 1}T23:00:00+00:00, 2025-01-{last}T23:00:00+00:00)"
        entries = [
            {"label": "window", "text": window},
            {"label": "differing_days", "jsonString": differing},
        ]
        return {"evaluation": {"timestamp": float(last), "metadataEntries": entries}}

    before_upgrade = {"evaluation": {"timestamp": 1.0, "metadataEntries": []}}
    latest_first = [
        compared(13, 13, "[]"),
        {"evaluation": None},
        compared(11, 14, '["2025-01-12", "2025-01-13"]'),
        before_upgrade,
    ]
    found = measure("2025-01-15T12:00:00+01:00", reconciliations=latest_first)
    assert (found["days_reconciled"], found["days_unreconciled"]) == (3, 1)
    assert found["reconciliation_timestamp_seconds"] == 13


def test_runs_tell_how_long_they_wait_run_and_took() -> None:
    def run(status: str, created: float, started: float | None = None, ended: float | None = None) -> Any:
        times = {"creationTime": created, "startTime": started, "endTime": ended}
        return {"jobName": "daily", "status": status, **times}

    active = [
        run("QUEUED", 90.0),
        run("QUEUED", 40.0),
        run("STARTED", 10.0, 20.0),
        run("STARTED", 10.0, 30.0),
    ]
    ended = [run("SUCCESS", 0.0, 1.0, 9.0), run("SUCCESS", 0.0, 1.0, 4.0), run("FAILURE", 0.0, 1.0, 99.0)]
    families = measure_runs({"active": {"results": active}, "ended": {"results": ended}}, 100.0)
    found = {
        (sample.name.removeprefix(METRIC_PREFIX), *sample.labels.values()): sample.value
        for each in families
        for sample in each.samples
    }
    assert found == {
        ("runs_active", "daily", "QUEUED"): 2,
        ("runs_active", "daily", "STARTED"): 2,
        ("runs_ended_last_day", "daily", "FAILURE"): 1,
        ("runs_ended_last_day", "daily", "SUCCESS"): 2,
        ("run_queue_age_seconds",): 60,
        ("run_running_seconds", "daily"): 80,
        ("job_last_duration_seconds", "daily"): 8,
    }


def test_alerts_that_wait_are_read_from_what_the_sensor_says() -> None:
    tick = {"status": "SKIPPED", "timestamp": 1.0, "skipReason": str(Outcome(1, 2, 3))}
    sensor = {"name": "alerts_sensor", "sensorState": {"status": "RUNNING", "ticks": [tick]}}
    location = {"__typename": "RepositoryLocation", "repositories": [{"sensors": [sensor], "schedules": []}]}
    answer = {
        "instance": {"daemonHealth": {"allDaemonStatuses": []}, "concurrencyLimits": []},
        "workspaceOrError": {"locationEntries": [{"name": "sales", "locationOrLoadError": location}]},
    }
    families = {each.name.removeprefix(METRIC_PREFIX): each for each in measure_instance(answer, 2.0)}
    assert [sample.value for sample in families["alerts_waiting"].samples] == [3]
