"""Runs what failed in dbt again, and nothing else, if the reason may pass: a lock, a broken connection.

dbt itself would run all of a command's models again. How often and after how long is the retry policy's.
"""

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from sales_assets.dbt.failures import DbtFailedError, NodeResult

Run = Callable[[Sequence[str]], Iterator[dict[str, Any]]]
"""Runs dbt with the options that select models and tests; see `runner.run_dbt`."""

_FAILED = ("error", "runtime error", "fail")

_LASTING = re.compile(
    r"\b(Compilation|Parsing|Dependency|Binder|Catalog|Parser|Conversion|Constraint|Out of Range|Syntax"
    r"|Invalid Input|Invalid Type|Mismatch Type|Permission|Not implemented) Error\b"
    r"|SQL compilation error|Insufficient privileges|\((?:02|0A|22|23|42)\w{3}\)"
)
"""What a query or its data are to blame for, as dbt, DuckDB and Snowflake (by SQLSTATE) name it."""


def is_lasting(message: str) -> bool:
    """Whether an error of dbt or of its database would come again."""
    return _LASTING.search(message) is not None


def run_until_it_lasts(
    run: Run,
    selection: Sequence[str],
    manifest: Mapping[str, Any],
    policy: dg.RetryPolicy,
    pause: Callable[[float], object] = time.sleep,
) -> Iterator[dict[str, Any]]:
    """Run dbt, and what failed for a passing reason again, with what was skipped because of it.

    Args:
        run: Runs dbt.
        selection: The options that select everything that is to be run.
        manifest: The project's manifest.
        policy: How often, and the seconds before each retry.
        pause: Waits for so many seconds.

    Yields:
        The results of models and tests, each once.

    Raises:
        DbtFailedError: What failed lasts, or failed too often. No nodes if dbt failed before the first.
    """
    remaining = selection
    done: list[str] = []
    broken: DbtFailedError | None = None
    for retry in range(1, policy.max_retries + 2):
        errors: list[dict[str, Any]] = []
        try:
            yield from _hold_errors(run(remaining), done, errors)
            break
        except DbtFailedError as error:
            again = find_worth_a_retry(error.nodes, manifest)
            if error.nodes:
                remaining = select_nodes(again, manifest)
            elif done and not is_lasting(str(error)):
                remaining = [*selection, *exclude_nodes(done, manifest)]
            else:
                raise
            if retry > policy.max_retries or (error.nodes and not again):
                yield from errors
                raise DbtFailedError(str(error), error.nodes or _as_nodes(done)) from error
            yield from (each for each in errors if error.nodes and _get_node(each) not in again)
            if _has_failed_beside(error.nodes, again):
                broken = broken or error  # what lasts fails the run, whatever comes of the rest
            seconds = policy.calculate_delay(retry)
        pause(seconds)
    if broken:
        raise broken


def find_worth_a_retry(nodes: Sequence[NodeResult], manifest: Mapping[str, Any]) -> list[str]:
    """Find what failed for a passing reason, and what was skipped only because of it.

    Args:
        nodes: How each model and test ended.
        manifest: Has the models and tests below each.
    """
    failed = [node for node in nodes if node.status in _FAILED]
    lasting = [node.unique_id for node in failed if node.status == "fail" or is_lasting(node.message)]
    passing = [node.unique_id for node in failed if node.unique_id not in lasting]
    if not passing:
        return []
    blocked = _find_descendants(lasting, manifest)
    skipped = [node.unique_id for node in nodes if node.status == "skipped"]
    return [*passing, *(each for each in skipped if each not in blocked)]


def select_nodes(nodes: Collection[str], manifest: Mapping[str, Any]) -> list[str]:
    """Build the options that select certain models and tests, and no others."""
    return ["--select", _name_nodes(nodes, manifest), "--indirect-selection", "empty"]


def exclude_nodes(nodes: Collection[str], manifest: Mapping[str, Any]) -> list[str]:
    """Build the option that leaves certain models and tests out of a selection."""
    return ["--exclude", _name_nodes(nodes, manifest)]


def _name_nodes(nodes: Collection[str], manifest: Mapping[str, Any]) -> str:
    return " ".join(f"fqn:{'.'.join(manifest['nodes'][node]['fqn'])}" for node in nodes)


def _as_nodes(done: Collection[str]) -> list[NodeResult]:
    return [NodeResult(unique_id, "success", "") for unique_id in done]


def _hold_errors(
    results: Iterator[dict[str, Any]], done: list[str], errors: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Pass results on but for errors, which a retry may make good."""
    for result in results:
        if _is_error(result):
            errors.append(result)
        else:
            done.append(_get_node(result))
            yield result


def _has_failed_beside(nodes: Sequence[NodeResult], again: Collection[str]) -> bool:
    return any(node.status in _FAILED and node.unique_id not in again for node in nodes)


def _find_descendants(nodes: Sequence[str], manifest: Mapping[str, Any]) -> set[str]:
    """Find what dbt skips if some models or tests fail; a failed test holds back what reads its models."""
    found: set[str] = set()
    pending = list(nodes)
    pending += [model for node in nodes if node.startswith("test.") for model in _get_models(node, manifest)]
    while pending:
        children = set(manifest["child_map"].get(pending.pop(), [])) - found
        found |= children
        pending += children
    return found


def _get_models(test: str, manifest: Mapping[str, Any]) -> list[str]:
    return [str(node) for node in manifest["nodes"][test]["depends_on"]["nodes"]]


def _is_error(result: Mapping[str, Any]) -> bool:
    return result["data"]["node_info"]["node_status"] in ("error", "runtime error")


def _get_node(result: Mapping[str, Any]) -> str:
    return str(result["data"]["node_info"]["unique_id"])
