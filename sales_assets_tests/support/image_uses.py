"""Uses, in a container of the image, what a day of the pipeline does not: prints a line for each that fails.

`deploy/image/remove_unused.sh` takes parts of libraries away; here is what must work without them.
"""

import json
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import apprise
import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from dagster_k8s.client import DagsterKubernetesClient
from dagster_k8s.job import DagsterK8sJobConfig, UserDefinedDagsterK8sConfig, construct_dagster_k8s_job
from kubernetes import client
from vl_convert import svg_to_png

from sales_assets.ml.candidates.boosting import forecast_boosting
from sales_assets.ml.candidates.ridge import forecast_ridge
from sales_assets.ml.churn.model import train_churn_model
from sales_assets.reports.charts import plot_daily_sales
from sales_assets.reports.drawings import draw_svgs
from sales_assets.warehouse.bi_files import write_bi_database, write_parquet
from sales_assets.warehouse.lake.lake_resource import NAMESPACE, LakeResource

_DAYS = pd.date_range("2024-01-01", periods=500, name="day")
_AHEAD = pd.date_range(_DAYS[-1] + pd.Timedelta(days=1), periods=28, name="day")


def forecast(_folder: Path) -> None:
    """Both learned candidates, and the scores of churn."""
    noise = np.random.default_rng(0).uniform(0.9, 1.1, (len(_DAYS), 3))
    history = pd.DataFrame(noise * 100, index=_DAYS, columns=["total", "web", "shop"])
    for candidate in (forecast_boosting, forecast_ridge):
        forecasts = candidate(history, _AHEAD).to_numpy()
        if forecasts.shape != (len(_AHEAD), 3) or not np.allclose(forecasts, 100, rtol=0.2):
            raise ValueError(str(forecasts))
    examples = pd.DataFrame({"customer_id": range(400), "recency_days": np.tile([5.0, 300.0], 200)})
    examples["churned"] = examples["recency_days"] > 90
    examples = examples.assign(tenure_days=400.0, days_between_orders=30.0)
    probable = train_churn_model(examples, ["recency_days", "overdue"]).predict(examples)
    if not (probable.round() == examples["churned"]).all():
        raise ValueError(str(probable))


def draw(_folder: Path) -> None:
    """A plot, and the picture of an alert."""
    sales = pd.DataFrame({"order_date": _DAYS, "channel": "web", "currency": "EUR", "total_amount": 1.0})
    [svg] = draw_svgs([plot_daily_sales(sales)])
    if not svg_to_png(svg).startswith(b"\x89PNG"):
        raise ValueError("no picture")


def export(folder: Path) -> None:
    """Parquet and the DuckDB file for BI tools."""
    write_parquet(folder / "days.parquet", pa.table({"day": _DAYS}))
    write_bi_database(folder / "bi.duckdb", {"days": [folder / "days.parquet"]})
    with duckdb.connect(folder / "bi.duckdb") as connection:
        if connection.sql("select count(*) from gold.days").fetchall() != [(len(_DAYS),)]:
            raise ValueError("other rows")


def publish(folder: Path) -> None:
    """A table of the lake."""
    lake = LakeResource(catalog_uri=f"sqlite:///{folder}/lake.db", warehouse=f"file://{folder}/lake")
    rows = pa.table({"day": pa.array(_DAYS.date), "count": range(len(_DAYS))})
    table = lake.open_catalog().create_table(f"{NAMESPACE}.days", rows.schema)
    table.append(rows)
    if table.scan("count < 10").to_arrow().num_rows != 10:
        raise ValueError("other rows")


def alert(_folder: Path) -> None:
    """Services that alerts are sent to."""
    for url in ("slack://a/b/c/#channel", "mailtos://u:p@example.com", "pagerduty://key@key"):
        if not apprise.Apprise().add(url):
            raise ValueError(url)


def launch(_folder: Path) -> None:
    """The Job of a run, and its pod: made, and read as Kubernetes answers."""
    config = DagsterK8sJobConfig("image", "/opt/dagster")
    volumes = {"volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "4Gi"}}]}
    asked = UserDefinedDagsterK8sConfig(pod_spec_config=volumes)
    job = construct_dagster_k8s_job(config, ["dagster"], "run", asked, component="run_worker")
    sent = client.ApiClient().sanitize_for_serialization(job)
    for content, kind in ((sent, "V1Job"), ({"items": [sent["spec"]["template"]]}, "V1PodList")):
        read = client.ApiClient().deserialize(SimpleNamespace(data=json.dumps(content)), kind)
        if client.ApiClient().sanitize_for_serialization(read) != content:
            raise ValueError(str(read))
    DagsterKubernetesClient.production_client()  # type: ignore[no-untyped-call]


def start_quickly(_folder: Path) -> None:
    """The bytecode, which Python ignores if it is not of its source's second."""
    stale = [file for file in Path("/opt").rglob("*.pyc") if not _is_current(file)]
    if stale:
        raise ValueError(f"{len(stale)} files of bytecode are ignored, {stale[0]} among them")


def _is_current(bytecode: Path) -> bool:
    with bytecode.open("rb") as file:
        _, flags, second, _ = struct.unpack("<4I", file.read(16))
    source = bytecode.parent.parent / f"{bytecode.name.split('.')[0]}.py"
    return bool(flags) or second == int(source.stat().st_mtime)


_USES: tuple[Callable[[Path], None], ...] = (
    forecast,
    draw,
    export,
    publish,
    alert,
    launch,
    start_quickly,
)


def main() -> None:
    """Try all of them."""
    for use in _USES:
        with tempfile.TemporaryDirectory() as folder:
            try:
                use(Path(folder))
            except Exception as error:
                sys.stdout.write(f"The image cannot {use.__name__}: {type(error).__name__}: {error}\n")


if __name__ == "__main__":
    main()
