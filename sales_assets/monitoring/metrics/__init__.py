"""The Prometheus exporter: asks Dagster's web server by GraphQL, and shows the answers as metrics.

`questions/` has the queries, `*_metrics.py` the pure functions from answers to metrics, `collector.py` what
is kept between two scrapes. Nothing here imports the assets, opens Dagster's storage or needs a credential.
"""
