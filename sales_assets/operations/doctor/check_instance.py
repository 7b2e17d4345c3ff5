"""Checks Dagster's instance: the heartbeats of its daemons, and the limits of its pools."""

from collections.abc import Collection

import dagster as dg

from sales_assets.operations.doctor.findings import CheckReport, Finding
from sales_assets.private_apis.instance import list_required_daemons, read_heartbeats, read_pool_limits

MAX_HEARTBEAT_AGE_SECONDS = 120.0
"""A running daemon sends a heartbeat every 30 seconds."""


def check_daemons(instance: dg.DagsterInstance, now: float, *, is_needed: bool) -> list[Finding]:
    """Report the last heartbeat of each daemon.

    Args:
        instance: The instance of the deployment.
        now: Seconds since 1970.
        is_needed: Whether runs start unattended; a laptop's daemon runs only as long as `make dev`.
    """
    report = CheckReport("Daemon")
    ages = {name: now - heartbeat for name, heartbeat in read_heartbeats(instance).items()}
    silent = []
    for name in list_required_daemons(instance):
        if name not in ages:
            silent.append(f"{name} (never)")
        elif ages[name] > MAX_HEARTBEAT_AGE_SECONDS:
            silent.append(f"{name} ({ages[name]:.0f} s)")
        else:
            report.ok(f"{name}: last heartbeat {ages[name]:.0f} s ago.")
    if silent and is_needed:
        report.problem(
            f"No recent heartbeat from {', '.join(silent)}.",
            "Start `dagster-daemon run` with this instance's DAGSTER_HOME, or read its log.",
        )
    elif silent:
        report.ok("Not fully running; `make dev` starts it.")
    return report.findings


def check_pools(instance: dg.DagsterInstance, used: Collection[str]) -> list[Finding]:
    """Report pools without a usable limit.

    Args:
        instance: The instance of the deployment.
        used: The pools of all assets.
    """
    report = CheckReport("Pools")
    limits = read_pool_limits(instance)
    for name in sorted(used):
        if limits.get(name):
            report.ok(f"{name} has limit {limits[name]}.")
        else:
            state = "has limit 0, so its runs queue forever" if name in limits else "has no limit"
            report.problem(f"{name} {state}.", f"Run `dagster instance concurrency set {name} 1`, or more.")
    return report.findings
