"""A pod of the stand-in of Kubernetes: the command of a Job's only container as a process of this machine.

The process gets the variables that the pod's spec names, secrets included; those of the tests have no
settings. It ends by itself, or a test ends it: killed, evicted, out of memory.
"""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import Any

from sales_assets_tests.support.python_process import PythonProcess

_WAIT_SECONDS = 120.0
_STARTED_AT = "2025-02-01T00:00:00Z"


@dataclass
class Pod:
    """A pod; `lines` is its log."""

    name: str
    image: str
    command: list[str]
    variables: dict[str, str]
    spec: dict[str, Any]
    lines: list[str] = field(default_factory=list)
    exit_code: int | None = None
    container_reason: str = ""
    pod_reason: str = ""
    changed: Condition = field(default_factory=Condition)
    _process: PythonProcess | None = None
    _reader: Thread | None = None

    @classmethod
    def of(
        cls,
        job: Mapping[str, Any],
        config_maps: Mapping[str, Mapping[str, str]],
        secrets: Mapping[str, Mapping[str, str]],
    ) -> "Pod":
        """The pod of a Job, with its variables resolved; KeyError if a ConfigMap or Secret is missing."""
        spec = job["spec"]["template"]["spec"]
        [container] = spec["containers"]
        variables: dict[str, str] = {}
        for source in container["envFrom"]:
            kind, known = next(
                (source[key], known)
                for key, known in (("configMapRef", config_maps), ("secretRef", secrets))
                if key in source
            )
            variables |= known[kind["name"]]
        for each in container["env"]:
            if "value" in each:
                variables[each["name"]] = each["value"]
            else:
                wanted = each["valueFrom"]["secretKeyRef"]
                variables[each["name"]] = secrets[wanted["name"]][wanted["key"]]
        name = f"{job['metadata']['name']}-pod"
        return cls(name, container["image"], container["args"], variables, spec)

    def start(self) -> None:
        """Start the process, and read what it prints."""
        assert self.command[0] == "dagster"
        self._process = PythonProcess("-m", *self.command, environment=self.variables)
        self._reader = Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def _read(self, process: PythonProcess) -> None:
        for line in process.output:
            with self.changed:
                self.lines.append(line)
                self.changed.notify_all()
        code, _ = process.wait()
        with self.changed:
            self.exit_code = code
            self.changed.notify_all()

    def wait_for(self, text: str) -> None:
        """Wait until it prints a text; fails if it ends before."""
        with self.changed:
            self.changed.wait_for(lambda: self._has(text) or self.exit_code is not None, _WAIT_SECONDS)
            assert self._has(text), "".join(self.lines)

    def _has(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def wait(self) -> int:
        """Wait for its end; returns the exit code of its process."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.exit_code is not None, _WAIT_SECONDS)
        assert self.exit_code is not None
        return self.exit_code

    def end(self, container_reason: str, pod_reason: str = "") -> None:
        """Ask the process to end, as the kubelet does if a pod is deleted or evicted."""
        self._send(signal.SIGTERM, container_reason, pod_reason)

    def kill(self, container_reason: str) -> None:
        """Kill the process, as the kernel does if memory is short, or a machine that is gone."""
        self._send(signal.SIGKILL, container_reason, "")

    def _send(self, number: signal.Signals, container_reason: str, pod_reason: str) -> None:
        if self._process is None or self.exit_code is not None:
            return
        self.container_reason, self.pod_reason = container_reason, pod_reason
        self._process.send(number)
        self.wait()

    def job_status(self) -> dict[str, Any]:
        """The status of its Job."""
        counted = "active" if self.exit_code is None else "succeeded" if self._succeeded else "failed"
        return {"startTime": _STARTED_AT, counted: 1}

    @property
    def _succeeded(self) -> bool:
        return self.exit_code == 0 and not self.container_reason

    def manifest(self) -> dict[str, Any]:
        """The pod as the API shows it."""
        phase = "Pending" if self._process is None else "Running"
        if self.exit_code is not None:
            phase = "Succeeded" if self._succeeded else "Failed"
        status = {"name": "dagster", "image": self.image, "imageID": "", "ready": True, "restartCount": 0}
        return {
            "metadata": {"name": self.name},
            "spec": self.spec,
            "status": {
                "phase": phase,
                "reason": self.pod_reason,
                "message": f"The pod was {self.pod_reason.lower()}." if self.pod_reason else None,
                "containerStatuses": [status | {"state": self._state()}],
            },
        }

    def _state(self) -> dict[str, Any]:
        if self._process is None:
            return {"waiting": {"reason": "ErrImagePull", "message": f"{self.image} was not found"}}
        if self.exit_code is None:
            return {"running": {"startedAt": _STARTED_AT}}
        code = self.exit_code if self.exit_code >= 0 else 128 - self.exit_code
        reason = self.container_reason or ("Completed" if code == 0 else "Error")
        return {"terminated": {"exitCode": code, "reason": reason}}
