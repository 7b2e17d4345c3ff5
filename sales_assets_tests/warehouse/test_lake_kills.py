"""A publication that is killed at any step leaves main whole, and the next one publishes everything."""

import json

import pytest

from sales_assets_tests.support.lake import D14, D15, D16
from sales_assets_tests.support.moments import AT_SOME_OR_ALL_MOMENTS
from sales_assets_tests.support.python_process import run_python

_PROGRAM = """
import json, os, signal, sys
from pathlib import Path
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.io.pyarrow import PyArrowFile
from sales_assets_tests.support.lake import D14, D15, D16, Gold, Lake

folder = Path({folder!r})
gold = Gold(folder)

def put(amount):
    gold.put({{day: {{day.day * 10 + n: str(amount) for n in (1, 2)}} for day in (D14, D15, D16)}})

def in_child(work):
    pid = os.fork()
    if not pid:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def kill_at(step):
    left = [step]
    def count():
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    create, commit = PyArrowFile.create, SqlCatalog.commit_table
    def counted_create(self, *given, **named):
        count()  # before a file: data, manifest, list of manifests, metadata
        return create(self, *given, **named)
    def counted_commit(self, *given, **named):
        answer = commit(self, *given, **named)
        count()  # after a commit, before its answer is heard
        return answer
    PyArrowFile.create, SqlCatalog.commit_table = counted_create, counted_commit
    Lake(folder).publish(gold, D14, D15, D16, rows_at_once=4)

def look():
    lake = Lake(folder)
    amounts = [[*day.values()] for day in lake.orders().values()]
    refs = len(lake.load().refs())
    lake.publish(gold, D14, D15, D16)
    after = [[*day.values()] for day in lake.orders().values()]
    print(json.dumps([amounts, refs, after]), flush=True)

put(0)
assert in_child(lambda: Lake(folder).publish(gold, D14, D15, D16)) == 0
for step in range({step}, 100, {step}):
    put(step)
    code = in_child(lambda: kill_at(step))
    assert code in (0, -signal.SIGKILL), code
    assert in_child(look) == 0
    if code == 0:
        break
"""


@pytest.mark.slow
@AT_SOME_OR_ALL_MOMENTS
def test_a_publication_that_is_killed_at_any_step_leaves_main_whole(tmp_path: object, step: int) -> None:
    """It is slow because it kills a process at each of some twenty steps."""
    code, output = run_python("-c", _PROGRAM.format(folder=str(tmp_path), step=step))
    assert code == 0, output
    looks = [json.loads(line) for line in output.splitlines() if line.startswith("[")]
    assert len(looks) > 15 // step, output
    left_branches = 0
    moved = []
    before = "0.0000"
    for number, (amounts, refs, after) in enumerate(looks, 1):
        new = f"{step * number}.0000"
        [seen] = {amount for day in amounts for amount in day}
        assert [len(day) for day in amounts] == [2, 2, 2]
        assert seen in (before, new)
        moved.append(seen == new)
        left_branches = max(left_branches, refs - 1)
        assert after == [[new] * 2 for _ in (D14, D15, D16)]
        before = new
    assert moved == sorted(moved)
    assert moved.count(True) >= 2
    assert left_branches >= 1
