"""Hosts of a private network, with their own addresses, processes and temporary files, and Ray on each.

They are namespaces of this machine, which end with the process that made them. `ray_backfill.py` uses them.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

HEAD = "10.77.0.1"
_BRIDGE = "rays"
_MEMORY = 4 * 1024**3
_OBJECTS = 80_000_000
_POLL_SECONDS = 0.05


def make_network() -> None:
    """Give this process's own network an address that hosts can be joined to."""
    for command in (
        "link set lo up",
        f"link add {_BRIDGE} type bridge",
        f"addr add {HEAD}/24 dev {_BRIDGE}",
        f"link set {_BRIDGE} up",
    ):
        subprocess.run(["ip", *command.split()], check=True)


class Host:
    """A host with a node of Ray, which has room for two runs.

    Args:
        number: Its address is 10.77.0.(number).
        variables: The environment of all that runs on it.
        log: A file for what Ray says.
    """

    def __init__(self, number: int, variables: Mapping[str, str], log: Path):
        self.address = f"10.77.0.{number}"
        alone = ["unshare", "--net", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"]
        self._process = subprocess.Popen([*alone, "sleep", "infinity"])
        self._first = self._find_first()
        self._join(f"host{number}")
        start = f"--address={HEAD}:6379 --node-ip-address={self.address} --num-cpus=2 --memory={_MEMORY}"
        inside = ["nsenter", "--target", str(self._first), "--net", "--pid", "--mount"]
        self.node = start_node(start, variables, log, inside)

    def _find_first(self) -> int:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        while not (found := children.read_text().split()):
            time.sleep(_POLL_SECONDS)
        return int(found[0])

    def _join(self, name: str) -> None:
        pid = str(self._first)
        subprocess.run(["ip", "link", "add", name, "type", "veth", "peer", "eth0", "netns", pid], check=True)
        subprocess.run(["ip", "link", "set", name, "master", _BRIDGE, "up"], check=True)
        for command in ("link set lo up", f"addr add {self.address}/24 dev eth0", "link set eth0 up"):
            subprocess.run(["nsenter", "--target", pid, "--net", "ip", *command.split()], check=True)

    def kill(self) -> None:
        """Kill all of its processes with -9; its network is gone, too."""
        os.kill(self._first, signal.SIGKILL)
        self._process.wait()
        self.node.wait()


def start_head(variables: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
    """Start Ray's head, which takes no runs."""
    start = f"--head --node-ip-address={HEAD} --port=6379 --dashboard-host={HEAD} --num-cpus=0"
    return start_node(start, variables, log)


def start_node(
    start: str, variables: Mapping[str, str], log: Path, inside: list[str] | None = None
) -> "subprocess.Popen[bytes]":
    """Start a node of Ray, with temporary files of its own."""
    ray = Path(sys.executable).parent / "ray"
    options = f"{start} --object-store-memory={_OBJECTS} --disable-usage-stats --block"
    own = f"mkdir -p /tmp/ray && mount -t tmpfs none /tmp/ray && exec {ray} start {options}"
    command = [*(inside or []), "unshare", "--mount", "sh", "-c", own]
    with log.open("w") as output:
        return subprocess.Popen(command, env=dict(variables), stdout=output, stderr=output)
