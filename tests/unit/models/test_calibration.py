from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import log_loss, roc_auc_score

from trimtab.errors import ArtifactError, NotEnoughDataError
from trimtab.models.calibration import (
    LEAST_SLOPE,
    calibration_from,
    fit_calibration,
    fit_isotonic,
    fit_sigmoid,
    pool_adjacent_violators,
)

KINDS = ("sigmoid", "isotonic")


def scores(n: int = 800, slope: float = 1.5, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, outcomes whose odds lean on them, weights."""
    rng = np.random.default_rng(seed)
    score = rng.normal(0.3, 2.0, n)
    return score, (rng.random(n) < expit(slope * score - 0.5)).astype(np.float64), rng.uniform(0.2, 2.0, n)


def test_the_sigmoid_is_that_of_scikit_learn() -> None:
    score, outcome, weight = scores()
    theirs = _SigmoidCalibration().fit(score, outcome, weight)
    ours = fit_sigmoid(score, outcome, weight)
    assert ours.probability(score) == pytest.approx(theirs.predict(score), abs=1e-4)


def test_the_sigmoid_is_the_minimum_of_platts_loss() -> None:
    score, outcome, weight = scores(300, seed=3)
    ones, zeros = weight[outcome == 1].sum(), weight[outcome == 0].sum()
    target = np.where(outcome == 1, (ones + 1) / (ones + 2), 1 / (zeros + 2))

    def loss(at: np.ndarray) -> float:
        logits = at[0] * score + at[1]
        return float((weight * (np.logaddexp(0, logits) - target * logits)).sum())

    best = minimize(loss, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000})
    ours = fit_sigmoid(score, outcome, weight)
    assert (ours.slope, ours.intercept) == pytest.approx(best.x, abs=1e-5)


def test_separable_samples_make_no_certainty() -> None:
    score = np.array([-2.0, -1.0, 1.0, 2.0] * 5)
    said = fit_sigmoid(score, (score > 0).astype(float), np.ones(20)).probability(np.array([-2.0, 2.0]))
    assert 0.0 < said[0] < 1 / 12 + 0.01 and 1.0 > said[1] > 11 / 12 - 0.01


def test_a_model_that_is_wrong_more_often_than_right_is_flattened_not_turned_round() -> None:
    score, outcome, weight = scores(slope=-1.5)
    ours = fit_sigmoid(score, outcome, weight)
    assert ours.slope == pytest.approx(LEAST_SLOPE)
    assert np.average(ours.probability(score), weights=weight) == pytest.approx(np.average(outcome, weights=weight), abs=0.01)  # fmt: skip


def test_pooling_is_isotonic_regression() -> None:
    rng = np.random.default_rng(1)
    for n in (1, 2, 7, 300):
        values, weights = rng.normal(size=n) + np.linspace(0, 2, n), rng.uniform(0.1, 3.0, n)
        theirs = IsotonicRegression().fit(np.arange(n), values, weights).predict(np.arange(n))
        assert pool_adjacent_violators(values, weights) == pytest.approx(theirs, abs=1e-12)


def test_the_isotonic_curve_is_that_of_scikit_learn_between_its_ends() -> None:
    score, outcome, weight = scores()
    score = score.round(1)  # ties are pooled first
    ones, zeros = weight[outcome == 1].sum(), weight[outcome == 0].sum()
    theirs = IsotonicRegression(out_of_bounds="clip").fit(score, outcome, weight)
    at = np.linspace(-9, 9, 400)
    expected = np.clip(theirs.predict(np.sort(np.unique(score))), 1 / (zeros + 2), (ones + 1) / (ones + 2))
    ours = fit_isotonic(score, outcome, weight)
    assert ours.probability(at) == pytest.approx(np.interp(at, np.unique(score), expected), abs=1e-12)
    assert ours.probability(np.array([-1e9]))[0] > 0.0 and ours.probability(np.array([1e9]))[0] < 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_calibration_improves_an_overconfident_model_and_keeps_its_ranking(kind: str) -> None:
    score, outcome, weight = scores(6000, slope=0.4)
    new, truth, _ = scores(6000, slope=0.4, seed=1)
    said = fit_calibration(kind, score, outcome, weight).probability(new)
    assert log_loss(truth, said) < log_loss(truth, expit(new)) - 0.1
    assert log_loss(truth, said) < log_loss(truth, expit(0.4 * new - 0.5)) + 0.01
    assert roc_auc_score(truth, said) == pytest.approx(
        roc_auc_score(truth, new), abs=0.0 if kind == "sigmoid" else 0.01
    )
    assert (np.diff(said[np.argsort(new)]) >= 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_of_weight_three_counts_as_three(kind: str) -> None:
    score, outcome, _ = scores(2_000)  # so many that Platt's targets, which count rows, are alike in both
    counts = np.random.default_rng(2).integers(1, 4, 2_000)
    weighted = fit_calibration(kind, score, outcome, counts.astype(float))
    repeated = fit_calibration(kind, np.repeat(score, counts), np.repeat(outcome, counts), np.ones(counts.sum()))
    at = np.linspace(-6, 6, 50)
    assert weighted.probability(at) == pytest.approx(repeated.probability(at), abs=5e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_one_outcome_only_is_refused(kind: str) -> None:
    with pytest.raises(NotEnoughDataError, match="one outcome only"):
        fit_calibration(kind, np.arange(5.0), np.ones(5), np.ones(5))


@pytest.mark.parametrize("kind", KINDS)
def test_scores_that_are_all_alike_give_the_rate_of_the_outcome(kind: str) -> None:
    outcome = np.array([1.0] * 700 + [0.0] * 300)
    fitted = fit_calibration(kind, np.full(1000, float(logit(0.5))), outcome, np.ones(1000))
    assert fitted.probability(np.zeros(1))[0] == pytest.approx(0.7, abs=0.002)


@pytest.mark.parametrize("kind", KINDS)
def test_stored_and_read_it_says_the_same(kind: str) -> None:
    fitted = fit_calibration(kind, *scores())
    again = calibration_from(kind, fitted.arrays())
    at = np.linspace(-9, 9, 101)
    assert np.array_equal(again.probability(at), fitted.probability(at))


@pytest.mark.parametrize(
    ("kind", "arrays"),
    [
        ("sigmoid", {"slope": np.array([-1.0]), "intercept": np.array([0.0])}),
        ("sigmoid", {"slope": np.array([1.0, 2.0]), "intercept": np.array([0.0])}),
        ("sigmoid", {}),
        ("isotonic", {"scores": np.array([0.0, 1.0]), "probabilities": np.array([0.6, 0.4])}),
        ("isotonic", {"scores": np.array([0.0, 1.0]), "probabilities": np.array([0.6, 1.4])}),
        ("isotonic", {"scores": np.array([0.0]), "probabilities": np.array([0.6, 0.7])}),
    ],
)
def test_arrays_that_are_no_calibration_are_refused(kind: str, arrays: dict[str, np.ndarray]) -> None:
    with pytest.raises(ArtifactError, match="train the model again"):
        calibration_from(kind, arrays)
