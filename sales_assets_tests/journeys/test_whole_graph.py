"""Everything that the local environment shows, run as somebody does who has just cloned the project."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = """
import json
import dagster as dg
from sales_assets.definitions import defs
from sales_assets.operations.repair.gaps import range_tags
from sales_assets.catalog.partitions import MARKETPLACE_FILES, partition_of_file

instance = dg.DagsterInstance.ephemeral()
files = defs.resources["s3"].open_bucket().list_page("")[0][:3]
everything = defs.resolve_implicit_global_asset_job_def()
one_file = defs.resolve_job_def("marketplace_orders_job")
keys = [partition_of_file(version.key) for version in files]
instance.add_dynamic_partitions(MARKETPLACE_FILES.name, keys)
runs = [one_file.execute_in_process(instance=instance, partition_key=key) for key in keys]
rest = [k for k in everything.asset_layer.executable_asset_keys if k.path != ["raw_marketplace_orders"]]
runs.append(everything.execute_in_process(
    instance=instance, asset_selection=rest, tags=range_tags("2026-01-01", "2026-01-03")))
warehouse = defs.resources["warehouse"]
print("RESULT" + json.dumps({
    "success": [run.success for run in runs],
    "lacking": [k.to_user_string() for k in everything.asset_layer.executable_asset_keys
                if instance.get_latest_materialization_event(k) is None],
    "failed": [e.check_name for run in runs for e in run.get_asset_check_evaluations() if not e.passed],
    "channels": sorted(set(warehouse.query("select channel from gold.daily_sales")["channel"])),
    "payments": sorted(set(warehouse.query("select status from gold.payments_reconciliation")["status"])),
    "roi": len(warehouse.query("select * from gold.marketing_roi")),
}))
"""


def test_everything(checkout: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )
    [line] = [line for line in ran.stdout.splitlines() if line.startswith("RESULT")] or [ran.stderr[-3000:]]
    found = json.loads(line.removeprefix("RESULT"))
    assert found["success"] == [True] * 4
    assert found["lacking"] == []
    assert found["failed"] == []
    assert len(found["channels"]) > 1
    assert "erp" in found["channels"]
    assert found["payments"] == ["differing", "matched", "missing"]
    assert found["roi"] > 0
