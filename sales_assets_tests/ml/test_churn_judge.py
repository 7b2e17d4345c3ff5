"""What decides whether a churn model may be published, on made-up answers."""

import numpy as np
import pytest

from sales_assets.ml.churn.judge import BASE_RATE, MODEL, RECENCY_ALONE, judge_churn_model, measure_shift

RANDOM = np.random.default_rng(7)
TRUTH = RANDOM.beta(1, 3, 4000)
OUTCOMES = RANDOM.random(4000) < TRUTH
BASE = np.full(4000, 0.25)
ROUGH = 0.5 * TRUTH + 0.5 * RANDOM.permutation(TRUTH)


def judge(model: np.ndarray, *, outcomes: np.ndarray = OUTCOMES, scores: np.ndarray | None = None) -> str:
    answers = {MODEL: model, RECENCY_ALONE: ROUGH, BASE_RATE: BASE}
    found = judge_churn_model(answers, outcomes, model if scores is None else scores)
    return " ".join(found.faults)


def test_a_model_that_knows_more_than_recency_passes_and_its_figures_are_those_of_the_definition() -> None:
    assert judge(TRUTH) == ""
    answers = {MODEL: TRUTH, RECENCY_ALONE: ROUGH, BASE_RATE: BASE}
    model, recency, base = judge_churn_model(answers, OUTCOMES, TRUTH).measured
    pairs = TRUTH[OUTCOMES][:, None] - TRUTH[~OUTCOMES][None, :]
    assert model.auc == pytest.approx((pairs > 0).mean() + (pairs == 0).mean() / 2)
    assert model.brier == pytest.approx(np.mean((TRUTH - OUTCOMES) ** 2))
    assert base.auc == 0.5
    assert model.auc > recency.auc > base.auc
    assert model.brier < recency.brier


def test_a_model_that_is_no_better_than_recency_or_the_base_rate_is_refused() -> None:
    assert judge(ROUGH) == (
        "By its Brier score it is not surely better than the recency alone. By its AUC it is not surely "
        "better than the recency alone."
    )
    noise = RANDOM.permutation(TRUTH)
    assert judge(noise).count("not surely better") == 4
    badly_calibrated = TRUTH**4
    assert judge(badly_calibrated).startswith("By its Brier score")


@pytest.mark.slow
def test_of_a_hundred_models_of_noise_none_passes() -> None:
    random = np.random.default_rng(1)

    def passes() -> bool:
        model, recency = (BASE + random.normal(0, 0.01, 4000) for _ in range(2))
        answers = {MODEL: model, RECENCY_ALONE: recency, BASE_RATE: BASE}
        return not judge_churn_model(answers, random.random(4000) < 0.25, model).faults

    assert not any(passes() for _ in range(100))


def test_a_model_that_knows_the_future_is_refused_in_full_and_in_part() -> None:
    assert "Its AUC is 1.000: so good is only a feature that knows the future." in judge(
        np.where(OUTCOMES, 0.9, 0.1)
    )
    # Right nine times in ten in the past; in the week that is scored the future has not come yet.
    leak = np.where(RANDOM.random(4000) < 0.1, ~OUTCOMES, OUTCOMES)
    found = judge(np.where(leak, 0.8, 0.2), scores=np.full(4000, 0.8))
    assert found.startswith("Its scores have a stability index of ")


def test_a_shift_is_told_from_chance_and_from_the_number_of_customers() -> None:
    assert measure_shift(TRUTH, RANDOM.beta(1, 3, 500)) < 0.1
    assert measure_shift(TRUTH, RANDOM.beta(2, 2, 4000)) > 0.25
    assert measure_shift(BASE, BASE[:400]) == pytest.approx(0, abs=0.01)


def test_too_few_customers_of_either_outcome_judge_nothing() -> None:
    few = np.arange(4000) < 29
    assert judge(TRUTH, outcomes=few) == (
        "Only 29 customers churned and 3971 did not: too few to judge a model by."
    )
