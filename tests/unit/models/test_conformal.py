from __future__ import annotations

import numpy as np
import pytest
from fakes.datasets import make_dataset
from scipy.stats import beta, binom

from trimtab.errors import ArtifactError, ConfigurationError
from trimtab.models.conformal import (
    COVERAGES,
    AdaptiveCoverage,
    Adjustable,
    ClassSets,
    ResidualIntervals,
    class_sets_from,
    conformal_quantile,
    residual_intervals_from,
)
from trimtab.models.families import make_forecaster
from trimtab.models.protocol import FitContext


def test_the_quantile_is_the_corrected_order_statistic() -> None:
    scores = np.random.default_rng(0).permutation(np.arange(1.0, 100.0))  # 99 of them
    for coverage in (0.5, 0.8, 0.9, 0.99):
        assert conformal_quantile(scores, np.array([coverage]))[0] == np.ceil(100 * coverage)
    ten = np.arange(1.0, 11.0)
    assert conformal_quantile(ten, np.array([0.9]))[0] == 10.0  # ceil(11 * 0.9); nine of ten would be too few


def test_too_few_scores_for_a_coverage_give_the_largest() -> None:
    assert conformal_quantile(np.array([1.0, 3.0, 2.0]), np.array([0.9]))[0] == 3.0


def test_a_score_of_weight_three_counts_as_three() -> None:
    scores, counts = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 3, 1, 3])
    at = np.array([0.1, 0.4, 0.6])
    # 4 rows against 8 differ in the correction alone, which these levels do not feel.
    assert np.array_equal(
        conformal_quantile(scores, at, counts.astype(float)), conformal_quantile(np.repeat(scores, counts), at)
    )


def test_coverage_of_exchangeable_scores_is_what_was_asked_for() -> None:
    """Given n scores the coverage is Beta-distributed (Vovk 2012), so the mean over many draws is binomial-tight."""
    rng = np.random.default_rng(1)
    n, draws = 99, 4000
    for coverage in (0.8, 0.9):
        past, new = rng.exponential(size=(draws, n)), rng.exponential(size=draws)
        covered = sum(new[i] <= conformal_quantile(past[i], np.array([coverage]))[0] for i in range(draws))
        low, high = binom.ppf((0.001, 0.999), draws, coverage)
        assert low <= covered <= high
        # One fixed past: the coverage it gives lies where the theory says.
        true = 1.0 - np.exp(-conformal_quantile(past[0], np.array([coverage]))[0])
        k = int(np.ceil((n + 1) * coverage))
        assert beta.ppf(1e-4, k, n + 1 - k) < true < beta.ppf(1 - 1e-4, k, n + 1 - k)


def test_intervals_widen_with_the_coverage_and_with_the_difficulty() -> None:
    intervals = ResidualIntervals.fit(np.random.default_rng(2).exponential(size=500), np.ones(500))
    widths = [np.subtract(*intervals.bounds(np.zeros(2), np.array([1.0, 3.0]), c)[::-1]) for c in (0.5, 0.8, 0.9, 1.0)]
    assert (np.diff(np.array(widths), axis=0) > 0).all()
    assert all(wide == pytest.approx(3.0 * narrow) for narrow, wide in widths)


def test_each_class_is_covered_as_often_as_the_other() -> None:
    rng = np.random.default_rng(3)
    n = 20_000
    outcome = (rng.random(n) < 0.15).astype(float)
    probability = 1 / (1 + np.exp(-(rng.normal(size=n) + 1.5 * outcome - 2.0)))
    past, new = slice(0, n // 2), slice(n // 2, n)
    sets = ClassSets.fit(probability[past], outcome[past], np.ones(n // 2))
    low, high = sets.bounds(probability[new], 0.9)
    covered = (low <= outcome[new]) & (outcome[new] <= high)
    for side in (0.0, 1.0):
        assert covered[outcome[new] == side].mean() == pytest.approx(0.9, abs=0.025)
    assert 0.1 < (high - low).mean() < 0.9  # some sets say something


def test_a_set_is_one_class_or_both_and_never_empty() -> None:
    rng = np.random.default_rng(4)
    outcome = (rng.random(400) < 0.5).astype(float)
    probability = np.clip(outcome + rng.normal(0, 0.05, 400), 0, 1)  # so good that even 60 % leaves empty sets
    sets = ClassSets.fit(probability, outcome, np.ones(400))
    for coverage in (0.0, 0.6, 1.0):
        low, high = sets.bounds(np.linspace(0, 1, 50), coverage)
        assert (low <= high).all() and np.isin(low, (0.0, 1.0)).all() and np.isin(high, (0.0, 1.0)).all()
    assert (sets.bounds(np.array([0.3, 0.7]), 0.0)[0] == (0.0, 1.0)).all()


def test_an_empty_set_becomes_the_class_that_is_said() -> None:
    sets = ClassSets.fit(np.array([0.1, 0.9]), np.array([0.0, 1.0]), np.ones(2))
    asked, said = np.array([0.6, 0.6]), np.array([0.4, 0.7])  # calibration moved one of them to the other side
    assert np.array_equal(sets.bounds(asked, 0.0, said), ([0.0, 1.0], [0.0, 1.0]))
    assert np.array_equal(sets.bounds(asked, 0.0), ([1.0, 1.0], [1.0, 1.0]))


def drifting_scores(n: int, seed: int) -> np.ndarray:
    """Sizes of errors that treble half-way, with waves on top."""
    rng = np.random.default_rng(seed)
    scale = np.where(np.arange(n) < n // 2, 1.0, 3.0) * (1.5 + np.sin(np.arange(n) / 50))
    return np.abs(rng.normal(size=n)) * scale


@pytest.mark.parametrize("gamma", [0.005, 0.02, 0.1])
@pytest.mark.parametrize("alpha", [0.1, 0.3])
def test_the_long_run_coverage_is_within_its_bound_whatever_happens(alpha: float, gamma: float) -> None:
    scores, n = drifting_scores(3000, seed=5), 3000
    past = np.sort(scores[:300])
    adaptive, missed = AdaptiveCoverage(alpha, gamma), []
    for score in scores[300:]:
        asked = 1.0 - adaptive.allowed_misses
        # The setting of the theorem: a level of 1 covers everything, one of 0 nothing.
        width = np.inf if asked >= 1.0 else -np.inf if asked <= 0.0 else np.quantile(past, asked)
        missed.append(score > width)
        adaptive.update(covered=score <= width)
    T = n - 300
    assert abs(np.mean(missed) - alpha) <= (max(alpha, 1 - alpha) + gamma) / (gamma * T)
    static = (scores[300:] > np.quantile(past, 1 - alpha)).mean()
    assert abs(static - alpha) > 0.1  # standing still misses far more


def test_the_level_is_a_share_however_long_the_luck_lasts() -> None:
    lucky, unlucky = AdaptiveCoverage(0.1, 0.5), AdaptiveCoverage(0.1, 0.5)
    for _ in range(50):
        lucky.update(covered=True)
        unlucky.update(covered=False)
    assert (lucky.level, unlucky.level) == (0.0, 1.0)


def test_several_outcomes_of_one_time_move_the_level_by_their_share() -> None:
    one, other = AdaptiveCoverage(0.2, 0.05), AdaptiveCoverage(0.2, 0.05)
    one.update(0.8)
    assert one.level == pytest.approx(other.level)  # exactly what was asked for
    one.update(0.5)
    assert one.level == pytest.approx(0.8 + 0.05 * 0.3)


@pytest.mark.parametrize(
    "given", [{"alpha": 0.0}, {"alpha": 1.0}, {"alpha": 0.1, "gamma": 0.0}, {"alpha": float("nan")}]
)
def test_nonsense_settings_are_refused(given: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="must"):
        AdaptiveCoverage(**given)


@pytest.mark.parametrize("covered", [float("nan"), -0.1, 2.0])
def test_an_outcome_that_is_no_share_is_refused_and_changes_nothing(covered: float) -> None:
    adaptive = AdaptiveCoverage(0.1)
    with pytest.raises(ConfigurationError, match="share from 0 to 1"):
        adaptive.update(covered)
    assert adaptive.level == 0.9


def test_curves_that_fall_or_are_too_short_are_refused() -> None:
    rising = np.linspace(0, 1, len(COVERAGES))
    assert np.array_equal(residual_intervals_from({"quantiles": rising}).quantiles, rising)
    for curve in (rising[::-1], rising[:-1]):
        with pytest.raises(ArtifactError, match="quantiles"):
            residual_intervals_from({"quantiles": curve})
    with pytest.raises(ArtifactError, match="'one'"):
        class_sets_from({"zero": rising})


def test_a_confident_model_is_adjustable_and_others_are_not() -> None:
    dataset, context = make_dataset(300), FitContext(0, 1)
    assert isinstance(make_forecaster("confident").fit(dataset, None, context), Adjustable)
    assert not isinstance(make_forecaster("linear").fit(dataset, None, context), Adjustable)
