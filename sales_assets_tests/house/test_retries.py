"""Retries: unavailable sources are retried, refusals and terminated steps are not; and for how long."""

import os
import signal
from unittest.mock import Mock

import dagster as dg
import pandas as pd
import pytest

from sales_assets.assets import raw_orders
from sales_assets.definitions import build_definitions
from sales_assets.errors import RefusedError
from sales_assets.private_apis.interruptions import RetryUnlessTerminated
from sales_assets.sources.erp.postgres import ErpUnavailableError
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.python_process import run_python

NO_COUNTS = pd.DataFrame()
ROWS = pd.DataFrame({"order_id": [1], "customer_id": [7], "total_amount": [1.0]})


def materialize(erp: Mock) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [raw_orders], resources={"postgres_erp": erp}, partition_key="2025-01-15", raise_on_error=False
    )


def test_an_erp_that_comes_back_is_read_at_the_second_try() -> None:
    erp = Mock(execute_query=Mock(side_effect=[ErpUnavailableError("down"), NO_COUNTS, ROWS]))
    assert materialize(erp).success
    assert erp.execute_query.call_count == 3


def test_a_refusal_is_not_tried_again() -> None:
    erp = Mock(execute_query=Mock(side_effect=RefusedError("wrong password")))
    assert not materialize(erp).success
    assert erp.execute_query.call_count == 1


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_step_that_was_terminated_is_not_tried_again_in_a_run_of_one_process(
    ending: signal.Signals,
) -> None:
    def be_terminated(*_: object) -> pd.DataFrame:
        os.kill(os.getpid(), ending)
        return ROWS

    def be_terminated_in_a_library(*_: object) -> pd.DataFrame:
        try:
            return be_terminated()
        except BaseException:
            message = "not a number"
            raise ValueError(message) from None

    for query in (be_terminated, be_terminated_in_a_library):
        erp = Mock(execute_query=Mock(side_effect=query))
        result = materialize(erp)
        assert result.dagster_run.status is dg.DagsterRunStatus.FAILURE  # nobody asked Dagster to cancel it
        assert erp.execute_query.call_count == 1
        assert not [event for event in result.all_events if event.is_step_up_for_retry]


def test_no_asset_tries_a_terminated_step_again() -> None:
    policies = [
        each.op.retry_policy
        for each in build_definitions(settings_with()).assets or []
        if isinstance(each, dg.AssetsDefinition)
    ]
    assert len(policies) > 5
    assert all(isinstance(policy, RetryUnlessTerminated) for policy in policies)


def test_a_refusal_is_a_value_error_and_a_failure_with_its_sentence() -> None:
    error = RefusedError("the sentence")
    assert isinstance(error, ValueError)
    assert isinstance(error, dg.Failure)
    assert str(error) == error.description == "the sentence"


@pytest.mark.slow
def test_in_production_an_extraction_is_tried_for_about_an_hour_and_a_transformation_briefly() -> None:
    script = """
from sales_assets.catalog.policies import EXTRACTION, TRANSFORMATION
from sales_assets_tests.support.python_process import run_python
for policy in (EXTRACTION, TRANSFORMATION):
    print(policy.max_retries, policy.jitter.name, policy.backoff.name,
          sum((2**attempt - 1) * policy.delay for attempt in range(1, policy.max_retries + 1)))
"""
    _, said = run_python("-c", script, environment={"DAGSTER_DEPLOYMENT": "prod"})
    assert said.splitlines() == ["5 PLUS_MINUS EXPONENTIAL 3420", "2 PLUS_MINUS EXPONENTIAL 120"]


def test_on_a_laptop_retries_are_quick() -> None:
    policy = raw_orders.op.retry_policy
    assert policy is not None
    assert policy.max_retries == 1
    assert max(policy.calculate_delay(1) for _ in range(1000)) <= 2
