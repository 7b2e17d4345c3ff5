"""A stand-in of the Kubernetes API over loopback HTTP, as far as Dagster's run launcher uses it.

It takes Jobs, and runs the command of each as a process of this machine (`kubernetes_pod.py`).
It has no volumes, limits, nodes and images: a test says what becomes of a pod.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from sales_assets_tests.support.kubernetes_models import parse_manifest
from sales_assets_tests.support.kubernetes_pod import Pod

_WAIT_SECONDS = 120.0


@dataclass
class Cluster:
    """What the API knows.

    Attributes:
        config_maps: The variables of each ConfigMap, by its name.
        secrets: Likewise of each Secret.
        images: The images that can be pulled.
        jobs: Every Job that was created, as it was sent.
        pods: The pod of each Job, by the Job's name; they stay when the Job is deleted.
        deleted: The names of deleted Jobs.
    """

    config_maps: Mapping[str, Mapping[str, str]]
    secrets: Mapping[str, Mapping[str, str]]
    images: set[str]
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    pods: dict[str, Pod] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    changed: Condition = field(default_factory=Condition)

    def create_job(self, job: dict[str, Any]) -> dict[str, Any]:
        """Create a Job and its pod; ValueError if the API would not take it."""
        name = job["metadata"]["name"]
        parse_manifest({"kind": "Job", **job})
        pod = Pod.of(job, self.config_maps, self.secrets)
        if pod.image in self.images:
            pod.start()
        with self.changed:
            self.jobs[name], self.pods[name] = job, pod
            self.changed.notify_all()
        return job

    def find_jobs(self, query: Mapping[str, list[str]]) -> list[dict[str, Any]]:
        """The Jobs that were not deleted, with their status, or the one of a field selector."""
        selected = query.get("fieldSelector", [""])[0].removeprefix("metadata.name=")
        names = [name for name in self.jobs if name not in self.deleted and selected in ("", name)]
        return [self.jobs[name] | {"status": self.pods[name].job_status()} for name in names]

    def find_pods(self, query: Mapping[str, list[str]]) -> list[dict[str, Any]]:
        """The pods of Jobs that were not deleted, or those of a selector."""
        label = query.get("labelSelector", [""])[0].removeprefix("job-name=")
        name = query.get("fieldSelector", [""])[0].removeprefix("metadata.name=")
        found = [pod for job, pod in self.pods.items() if job not in self.deleted and label in ("", job)]
        return [pod.manifest() for pod in found if name in ("", pod.name)]

    def delete(self, name: str) -> dict[str, Any]:
        """Delete a Job or a pod: its process is asked to end; KeyError if there is none."""
        if name in self.jobs and name not in self.deleted:
            self.deleted.add(name)
            self.pods[name].end("Terminated")
            return {"kind": "Status", "status": "Success"}
        if any(pod.name == name for pod in self.pods.values()):
            return {"kind": "Pod"}
        raise KeyError(name)

    def pod_of(self, run_id: str) -> Pod:
        """The pod of a run, which was launched or will be within two minutes."""
        name = f"dagster-run-{run_id}"
        with self.changed:
            assert self.changed.wait_for(lambda: name in self.pods, _WAIT_SECONDS), f"no Job {name}"
        return self.pods[name]


class _Handler(BaseHTTPRequestHandler):
    cluster: Cluster

    def do_GET(self) -> None:
        """Answer a list, the status of a Job, or a pod's log."""
        address = urlsplit(self.path)
        query, parts = parse_qs(address.query), address.path.strip("/").split("/")
        if parts[-1] == "log":
            pods = {pod.name: pod for pod in self.cluster.pods.values()}
            self._send(200, "".join(pods[parts[-2]].lines).encode())
        elif parts[-1] == "status":
            found = self.cluster.find_jobs({"fieldSelector": [parts[-2]]})
            self._answer(*((200, found[0]) if found else _not_found(parts[-2])))
        else:
            find = {"jobs": self.cluster.find_jobs, "pods": self.cluster.find_pods}.get(parts[-1])
            self._answer(200, {"items": find(query) if find else []})

    def do_POST(self) -> None:
        """Create a Job."""
        job = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            self._answer(201, self.cluster.create_job(job))
        except ValueError as error:
            self._answer(422, {"message": str(error)})

    def do_DELETE(self) -> None:
        """Delete a Job or a pod."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name = urlsplit(self.path).path.split("/")[-1]
        try:
            self._answer(200, self.cluster.delete(name))
        except KeyError:
            self._answer(*_not_found(name))

    def _answer(self, status: int, body: Mapping[str, Any]) -> None:
        self._send(status, json.dumps(body).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


def _not_found(name: str) -> tuple[int, dict[str, Any]]:
    return 404, {"message": f"{name} not found"}


@contextmanager
def running_kubernetes(cluster: Cluster, kubeconfig: Path) -> Iterator[None]:
    """Serve a cluster until the end of the block, and write the file that says where.

    Args:
        cluster: What is served.
        kubeconfig: The file, as `kubectl` and the launcher read it.
    """
    handler = type("Handler", (_Handler,), {"cluster": cluster})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        config = {
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "c",
            "users": [{"name": "u", "user": {}}],
        }
        kubeconfig.write_text(yaml.safe_dump(config))
        try:
            yield
        finally:
            server.shutdown()
            for pod in cluster.pods.values():
                pod.kill("Stopped")
