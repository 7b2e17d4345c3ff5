"""What is written to a disk is for its owner alone, whatever the umask of the shell."""

from pathlib import Path

import pytest

from sales_assets_tests.support.python_process import run_python

WRITE = """
import os, sys
from pathlib import Path
os.umask(0)
os.environ["SALES_DATA_DIR"] = sys.argv[1]
from sales_assets.commands.console import redirect_output_to_log
from sales_assets.demo.background import lock_folder
from sales_assets.demo.s3.demo_s3 import start_demo_s3, stop_demo_s3
from sales_assets.dbt.project import build_dbt_resource, prepare_project
from sales_assets.settings import settings
from sales_assets.warehouse.duckdb_file import open_database
from sales_assets_tests.support.python_process import run_python
data = Path(sys.argv[1])
with open_database(data / "new" / "sales.duckdb", read_only=False, caller="test") as connection:
    connection.execute("create table t as select 1 as n")
    print(*data.rglob("*.wal"))
os.umask(0)
with lock_folder(data / "erp"):
    pass
os.umask(0)
with redirect_output_to_log():
    print("logged")
start_demo_s3(data, "UTC")
stop_demo_s3(data)
os.umask(0)
dbt, project = build_dbt_resource(settings()), prepare_project(settings())
list(dbt.run(["run", "--empty", "--select", "stg_orders"], project, "test"))
"""


@pytest.mark.exhaustive
@pytest.mark.slow
def test_folders_files_and_logs_are_for_their_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    data = tmp_path / "data"
    _, output = run_python("-c", WRITE, str(data))
    assert (data / "command.log").exists(), output
    made = [data, *data.rglob("*")]
    assert {"sales.duckdb", "sales.duckdb.lock", "erp.lock", "manifest.json", "run_results.json"} <= {
        path.name for path in made
    }, output
    assert "sales.duckdb.wal" in output
    open_to_others = {str(path): oct(path.stat().st_mode) for path in made if path.stat().st_mode & 0o077}
    assert open_to_others == {}
