"""Looks at Dagster's instance: that its storage answers, its daemon lives, and its pools have limits."""

from collections.abc import Collection

import dagster as dg

from sales_assets.operations.doctor.findings import Finding, Notes
from sales_assets.private_apis.instance import list_required_daemons, read_heartbeats, read_pool_limits

MOST_SECONDS = 120.0
"""A daemon tells of itself every half minute."""


def look_at_the_daemons(instance: dg.DagsterInstance, now: float, *, is_needed: bool) -> list[Finding]:
    """Say when each daemon was last heard of.

    Args:
        instance: Of the deployment.
        now: Seconds since 1970.
        is_needed: Whether the deployment runs by itself; a laptop's daemon lives as long as `make dev`.
    """
    notes = Notes("Daemon")
    ages = {name: now - heard for name, heard in read_heartbeats(instance).items()}
    silent = []
    for name in list_required_daemons(instance):
        if ages.get(name, MOST_SECONDS + 1) <= MOST_SECONDS:
            notes.well(f"{name} was last heard of {ages[name]:.0f} s ago.")
        else:
            silent.append(f"{name} ({ages[name]:.0f} s)" if name in ages else f"{name} (never)")
    if silent and is_needed:
        remedy = "Start `dagster-daemon run` with this instance's DAGSTER_HOME, or read its log."
        notes.fix(f"Not heard of for too long: {', '.join(silent)}.", remedy)
    elif silent:
        notes.well("It does not run all of its parts; `make dev` starts them.")
    return notes.findings


def look_at_the_pools(instance: dg.DagsterInstance, used: Collection[str]) -> list[Finding]:
    """Say which pools have no limit, so that they would hold nothing back.

    Args:
        instance: Of the deployment.
        used: The pools that assets are in.
    """
    notes = Notes("Pools")
    limits = read_pool_limits(instance)
    for name in sorted(used):
        if limits.get(name):
            notes.well(f"{name} admits {limits[name]} at a time.")
        else:
            how = "admits nothing, so its runs wait forever" if name in limits else "has no limit"
            notes.fix(f"{name} {how}.", f"Run `dagster instance concurrency set {name} 1`, or more.")
    return notes.findings
