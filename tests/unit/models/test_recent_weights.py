from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.datasets import make_dataset
from fakes.recorded_fits import RecordingMean
from sklearn.metrics import log_loss, mean_squared_error

from trimtab.datasets.purging import last_part
from trimtab.errors import NotEnoughDataError
from trimtab.models.families import make_forecaster
from trimtab.models.protocol import FitContext
from trimtab.models.recent_weights import learn_recent_weights, mean_loss, recent_weights

CONTEXT = FitContext(0, 1)
MEMBERS = [make_forecaster("linear"), make_forecaster("naive")]


def test_the_weights_follow_the_formula() -> None:
    losses, given, n, n0 = (0.60, 0.65, 0.70), (0.4, 0.4, 0.2), 40.0, 60.0
    belief = np.array(given) * np.exp(-n * np.array(losses))
    trust = 40.0 / 100.0
    expected = trust * belief / belief.sum() + (1 - trust) * np.array(given)
    np.testing.assert_allclose(recent_weights(losses, given, n, n0), expected, rtol=1e-12)


def test_the_weights_given_may_have_any_sum_and_those_found_sum_to_one() -> None:
    one = recent_weights((0.6, 0.7), (4.0, 6.0), 50, 50)
    np.testing.assert_allclose(one, recent_weights((0.6, 0.7), (0.4, 0.6), 50, 50), rtol=1e-12)
    assert sum(one) == pytest.approx(1.0, abs=1e-12)


def test_equal_losses_or_little_evidence_leave_the_weights_given() -> None:
    np.testing.assert_allclose(recent_weights((0.5, 0.5), (0.3, 0.7), 1000, 10), (0.3, 0.7), rtol=1e-12)
    np.testing.assert_allclose(recent_weights((0.1, 0.9), (0.3, 0.7), 3, 1e9), (0.3, 0.7), atol=1e-8)


def test_every_member_keeps_its_share_of_what_is_not_trusted() -> None:
    weights = recent_weights((0.1, 50.0), (0.5, 0.5), n=500, shrinkage=500)
    np.testing.assert_allclose(weights, (0.75, 0.25), rtol=1e-12)


def test_losses_that_differ_by_thousands_are_no_problem() -> None:
    np.testing.assert_allclose(recent_weights((0.0, 5000.0), (0.5, 0.5), 1e4, 0.0), (1.0, 0.0), atol=1e-12)


def test_the_losses_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    said, weight = rng.uniform(0.05, 0.95, 200), rng.uniform(0.5, 2.0, 200)
    classes, value = rng.integers(0, 2, 200).astype(float), rng.standard_normal(200)
    assert mean_loss(said, classes, weight, "classification") == pytest.approx(
        log_loss(classes, said, sample_weight=weight)
    )
    mse = mean_squared_error(value, said, sample_weight=weight)
    assert mean_loss(said, value, weight, "regression") == pytest.approx(0.5 * np.log(mse))


def test_a_flat_wrong_probability_and_a_perfect_fit_have_finite_losses() -> None:
    one = np.ones(3)
    assert np.isfinite(mean_loss(np.zeros(3), one, one, "classification"))
    assert np.isfinite(mean_loss(one, one, one, "regression"))


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_member_that_was_better_lately_gets_more_weight(task) -> None:
    usual = make_dataset(1200, task=task)
    last = last_part(usual, 0.25)[1]
    target = usual.target.copy()
    target[last] = 1.0 - target[last] if task == "classification" else -target[last]
    turned = replace(usual, target=target)  # lately the opposite came true of what the features said
    weights = [learn_recent_weights(MEMBERS, (0.5, 0.5), d, CONTEXT, share=0.25, shrinkage=50) for d in (usual, turned)]
    assert weights[0][0] > 0.8
    assert weights[1][0] < 0.2


def test_with_little_data_the_weights_given_remain() -> None:
    few = make_dataset(60)
    weights = learn_recent_weights(MEMBERS, (0.3, 0.7), few, CONTEXT, share=0.2, shrinkage=500)
    np.testing.assert_allclose(weights, (0.3, 0.7), atol=0.02)


def test_members_are_judged_on_the_newest_time_after_training_purged_before_it() -> None:
    dataset, recording = make_dataset(400, task="regression", horizon=10), RecordingMean()
    learn_recent_weights([recording], (1.0,), dataset, CONTEXT, share=0.25, shrinkage=10)
    ((train, context),) = recording.fits
    first = dataset.decision_time[300]
    assert train.label_end.max() <= first
    assert len(train) == 2 * (150 - 10) + 2  # a label that ends exactly at the first decision may be learnt
    assert (context.seed, context.n_threads) == (0, 1)


def test_rows_of_weight_zero_are_as_if_they_were_not_there() -> None:
    dataset = make_dataset(400)
    weight = np.where(np.arange(400) % 3 == 0, 0.0, 1.0)
    weight[360:] = 0.0  # the newest rows too: the newest share is one of those that count
    weighted = replace(dataset, weight=weight)
    found = [
        learn_recent_weights(MEMBERS, (0.5, 0.5), each, CONTEXT, share=0.25, shrinkage=10)
        for each in (weighted, weighted.take(weight > 0))
    ]
    assert found[0] == found[1]


def test_one_class_before_the_newest_time_is_refused_with_a_sentence() -> None:
    dataset = make_dataset(200)
    target = np.where(np.arange(200) < 160, 0.0, dataset.target)
    with pytest.raises(NotEnoughDataError, match=r"before the last 25% of the time.*both classes"):
        learn_recent_weights(MEMBERS, (0.5, 0.5), replace(dataset, target=target), CONTEXT, share=0.25, shrinkage=10)
