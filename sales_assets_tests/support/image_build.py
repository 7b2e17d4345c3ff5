"""The image of `deploy/Dockerfile` without Docker: Debian's buildah builds it and runs commands in it.

What a container is asked to do, and what must come of it, belongs to `image_check.py`.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sales_assets.settings import ROOT

IMAGE = "localhost/sales_assets"
TESTS = "/check"
"""Where a container finds this project's tests, which are not in the image."""

_BASE, _DEBIAN = "docker.io/library/debian:bookworm-slim", "bookworm"
_NOT_IN_BASE = ("doc", "info", "locale", "man")
"""Of /usr/share, as in Docker's slim image: not of the base nor of what is installed into it."""
_THIS_MACHINES = ("/etc/pip.conf", "/etc/ssl/certs")
"""Mounted while packages are installed, so that pip finds a mirror that this machine is told to use."""


class Builder:
    """Images and containers in a folder of their own.

    Args:
        folder: The folder; about 5 GB.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        store = ["--root", str(folder / "store"), "--runroot", str(folder / "run")]
        self._buildah = ["buildah", *store]

    def make_base(self) -> None:
        """Make what the Dockerfile starts from, under the same name: Debian and nothing else.

        Certificates are there already, because this machine's are mounted over them while the image is built.
        """
        if self._run("images", "--quiet", "--filter", f"reference={_BASE}"):
            return
        root = self._folder / "base"
        shutil.rmtree(root, ignore_errors=True)
        debootstrap = ["debootstrap", "--variant=minbase", "--include=ca-certificates", _DEBIAN, str(root)]
        subprocess.run(debootstrap, check=True, stdout=subprocess.DEVNULL)
        for name in _NOT_IN_BASE:
            shutil.rmtree(root / "usr/share" / name)
        excluded = "".join(f"path-exclude /usr/share/{name}/*\n" for name in _NOT_IN_BASE)
        (root / "etc/dpkg/dpkg.cfg.d/docker").write_text(excluded)
        shutil.rmtree(root / "var/lib/apt/lists")
        for package in (root / "var/cache/apt").rglob("*.deb"):
            package.unlink()
        container = self._run("from", "scratch")
        self._run("copy", "--quiet", container, str(root), "/")
        self._run("commit", "--quiet", "--rm", container, _BASE)
        shutil.rmtree(root)

    def build(self) -> None:
        """Build the image; CalledProcessError if a step fails."""
        options = ["--pull-never", "--layers=false", "--file", "deploy/Dockerfile", "--tag", IMAGE]
        for path in _THIS_MACHINES:
            if Path(path).exists():
                options += ["--volume", f"{path}:{path}:ro"]
        subprocess.run(
            [*self._buildah, "build", "--isolation=chroot", *options, "."], cwd=ROOT, check=True, stdout=-3
        )

    def read_config(self) -> dict[str, Any]:
        """The image's own settings: its user, command and variables."""
        found = json.loads(self._run("inspect", "--type", "image", IMAGE))
        return dict(found["OCIv1"]["config"])

    def start(
        self, name: str, command: Sequence[str], variables: Mapping[str, str], log: Path
    ) -> "subprocess.Popen[bytes]":
        """Start a command, or the image's own, in a new container; its output is in a file."""
        self._run("from", "--name", name, IMAGE)
        with log.open("w") as output:
            return subprocess.Popen(
                self._within(name, command or self.read_config()["Cmd"], variables),
                stdout=output,
                stderr=output,
            )

    def run(self, name: str, command: Sequence[str], variables: Mapping[str, str]) -> str:
        """Run a command in a container that exists; CalledProcessError if it fails."""
        within = self._within(name, command, variables)
        return subprocess.run(within, check=True, stdout=subprocess.PIPE, text=True).stdout

    def _within(self, name: str, command: Sequence[str], variables: Mapping[str, str]) -> list[str]:
        tests = f"{ROOT / 'sales_assets_tests'}:{TESTS}/sales_assets_tests:ro"
        named = [f"--env={variable}={value}" for variable, value in variables.items()]
        run = ["run", "--isolation=chroot", "--volume", tests, *named]
        return [*self._buildah, *run, name, "--", *command]

    def _run(self, *arguments: str) -> str:
        done = subprocess.run([*self._buildah, *arguments], check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout.strip()

    def remove_all(self) -> None:
        """Remove all images and containers, whose files only buildah can remove."""
        self._run("rm", "--all")
        self._run("rmi", "--all", "--force")
