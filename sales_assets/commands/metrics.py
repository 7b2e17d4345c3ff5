"""`sales-assets metrics`: serves metrics to Prometheus, or prints them once."""

import logging
from argparse import Namespace

from sales_assets.commands.console import print_line
from sales_assets.settings import settings

_NOT_INSTALLED = "The package prometheus-client is not installed. Run `pip install -e '.[metrics]'`."


def run(options: Namespace) -> int:
    """Serve until interrupted, or print once; the exit code is 1 if the web server did not answer."""
    try:
        from sales_assets.monitoring.metrics.exporter import build_collector, serve_metrics  # noqa: PLC0415 - an extra
        from sales_assets.monitoring.metrics.show import format_metrics  # noqa: PLC0415 - likewise
        from sales_assets.monitoring.metrics.webserver import WebServer  # noqa: PLC0415 - with them
    except ModuleNotFoundError as error:
        if error.name != "prometheus_client":
            raise
        print_line(_NOT_INSTALLED)
        return 1
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    collector = build_collector(WebServer(options.url), settings())
    if options.show:
        collector.refresh()
        for line in format_metrics(collector.collect()):
            print_line(line)
        return 0 if collector.is_up else 1
    _, thread = serve_metrics(collector, options.host, options.port)
    print_line(f"Metrics of {options.url}: http://{options.host}:{options.port}/metrics")
    thread.join()
    return 0
