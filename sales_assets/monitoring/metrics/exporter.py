"""Puts the exporter together: which questions are asked how often, and the server that Prometheus scrapes."""

import time
from functools import partial
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import Metric

from sales_assets.catalog.names import DAILY_SALES_KEY, RAW_ORDERS_KEY, RECONCILIATION_CHECK
from sales_assets.monitoring.metrics.asset_metrics import measure_assets
from sales_assets.monitoring.metrics.collector import Part, SalesCollector
from sales_assets.monitoring.metrics.days import find_last_day, list_last_days
from sales_assets.monitoring.metrics.instance_metrics import measure_instance
from sales_assets.monitoring.metrics.partition_states import is_daily
from sales_assets.monitoring.metrics.run_metrics import WINDOW_SECONDS, measure_runs
from sales_assets.monitoring.metrics.sales_metrics import measure_sales
from sales_assets.monitoring.metrics.webserver import GraphQLAnswer, WebServer
from sales_assets.settings import Settings

INSTANCE_SECONDS, ASSETS_SECONDS = 15.0, 300.0
"""How often the cheap and the costly part are asked."""

INSTANCE_TIMEOUT_SECONDS, ASSETS_TIMEOUT_SECONDS = 10.0, 60.0

_NOT_LOADED = f"knows no asset {RAW_ORDERS_KEY.to_user_string()}: the code location is not loaded"
_LOOK_AT_DEPLOYMENT = "Its page Deployment shows whether it loads or failed."

STALE_DAYS = 31
"""How many of the last days are examined for staleness, because each has to be asked for."""


def build_collector(server: WebServer, settings: Settings) -> SalesCollector:
    """Build the collector of a deployment.

    Args:
        server: Its web server.
        settings: Its time zone.
    """

    def measure_all_assets(answer: GraphQLAnswer, now: float) -> list[Metric]:
        assets = measure_assets(answer, now, settings.timezone)
        return [*assets, *measure_sales(answer, now, settings.timezone)]

    return SalesCollector(
        [
            Part("instance", INSTANCE_SECONDS, partial(_ask_instance, server), _measure_instance_and_runs),
            Part(
                "assets", ASSETS_SECONDS, partial(_ask_assets, server, settings.timezone), measure_all_assets
            ),
        ]
    )


def serve_metrics(collector: SalesCollector, host: str, port: int) -> tuple[WSGIServer, Thread]:
    """Serve the metrics over HTTP and ask in the background.

    Args:
        collector: What is collected.
        host: The address to listen on.
        port: The port; 0 for any that is free.

    Returns:
        The server, and the thread that it runs in.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    collector.start()
    return start_http_server(port, addr=host, registry=registry)


def _measure_instance_and_runs(answer: GraphQLAnswer, now: float) -> list[Metric]:
    return [*measure_instance(answer, now), *measure_runs(answer, now)]


def _ask_instance(server: WebServer) -> GraphQLAnswer:
    return server.ask("instance", INSTANCE_TIMEOUT_SECONDS, since=time.time() - WINDOW_SECONDS)


def _ask_assets(server: WebServer, timezone: str) -> GraphQLAnswer:
    """Ask for all assets, and then for the last days of those that are daily.

    Raises:
        UnavailableError: Likewise, or it has not loaded the code location, so that it would count no assets.
    """
    raw = {"path": RAW_ORDERS_KEY.path}
    assets = server.ask(
        "assets",
        ASSETS_TIMEOUT_SECONDS,
        raw=raw,
        sales={"path": DAILY_SALES_KEY.path},
        reconciled={"path": RECONCILIATION_CHECK.asset_key.path},
        reconciliation=RECONCILIATION_CHECK.name,
    )
    if raw not in [node["assetKey"] for node in assets["assetNodes"]]:
        raise server.build_error("assets", _NOT_LOADED, _LOOK_AT_DEPLOYMENT)
    daily = [{"path": node["assetKey"]["path"]} for node in assets["assetNodes"] if is_daily(node)]
    days = list_last_days(find_last_day(time.time(), timezone), STALE_DAYS)
    return assets | server.ask("days", ASSETS_TIMEOUT_SECONDS, assets=daily, raw=raw, days=days)
