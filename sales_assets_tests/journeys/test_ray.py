"""Runs as jobs of Ray, on two hosts that are namespaces of this machine; one of them is killed with -9.

Slow, because Ray and each run are processes that load their libraries, as on other machines. It needs the
extra `ray`, root, and Linux. The days of `raw_orders` in Snowflake's stand-in are compared with the ERP's.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

from sales_assets.settings import ROOT

_ALONE = ["unshare", "--net", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"]


def find_reason_to_skip() -> str:
    if not importlib.util.find_spec("dagster_ray"):
        return "the extra ray is not installed: pip install -e '.[ray]'"
    if not which("ip") or subprocess.run([*_ALONE, "true"], check=False, capture_output=True).returncode:
        return "this machine does not let the test make networks of its own (Linux, root, iproute2)"
    return ""


REASON = find_reason_to_skip()

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive, pytest.mark.skipif(bool(REASON), reason=REASON)]


def test_a_backfill_spreads_over_two_hosts_and_after_one_is_killed_every_day_is_right_and_none_is_doubled(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = tmp_path_factory.mktemp("ray")
    for folder in (home, *home.parents[:2]):  # PostgreSQL is not root
        folder.chmod(0o755)
    command = [sys.executable, "-W", "ignore", "-m", "sales_assets_tests.support.ray_backfill", str(home)]
    environment = {name: value for name, value in os.environ.items() if name != "SALES_DATA_DIR"}
    done = subprocess.run(
        [*_ALONE, *command], cwd=ROOT, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)

    assert sorted(found["hosts"].values()) == ["10.77.0.2", "10.77.0.2", "10.77.0.3", "10.77.0.3"]
    ended = {"10.77.0.2": "SUCCESS", "10.77.0.3": "FAILURE"}
    assert found["first"] == {run: ended[host] for run, host in found["hosts"].items()}
    assert len(found["failures"]) == 2
    assert all("Ray job" in failure for failure in found["failures"])
    assert found["again"] == ["SUCCESS", "SUCCESS"]
    assert found["again_on"] == ["10.77.0.2", "10.77.0.2"]
    assert found["stored"] == found["erp"]
    assert found["recorded"] == dict.fromkeys(found["erp"], 1)
    assert "planted-word" not in "".join(path.read_text() for path in Path(home).glob("*.log"))
