"""Noise and missing features: what changes, and by how much."""

from __future__ import annotations

import numpy as np
import pytest
from fakes.datasets import make_dataset
from fakes.forecasters import FirstFeatureForecaster

from trimtab.validation.learning_curve import TrainedFold
from trimtab.validation.sensitivity import (
    RemovalPoint,
    correlated_groups,
    most_used,
    noise_sensitivity,
    removal_sensitivity,
)

DATASET = make_dataset(n=1200, k=5, signal=2.0, missing=0.0)
NAMES = DATASET.feature_names
TRAINED = TrainedFold(FirstFeatureForecaster(NAMES), DATASET.take(np.arange(800)), DATASET.take(np.arange(800, 1200)))


def test_no_noise_changes_nothing_and_more_noise_turns_more_forecasts() -> None:
    none, little, much = noise_sensitivity([TRAINED], seed=0, sizes=(0.0, 0.1, 1.0))
    assert (none.change, none.changed_share) == (0.0, 0.0)
    assert 0.0 < little.changed_share < much.changed_share
    assert much.change < -0.05 and much.high < 0.0
    assert none.accuracy + much.change == pytest.approx(much.accuracy)


def test_the_share_that_turns_is_that_of_two_normal_variables() -> None:
    """P(sign(x + s e) != sign(x)) = arctan(s) / pi for standard normal x and e."""
    big = make_dataset(n=8000, k=1, missing=0.0)
    trained = TrainedFold(FirstFeatureForecaster(big.feature_names), big, big)
    (found,) = noise_sensitivity([trained], seed=1, sizes=(0.5,), n_draws=5)
    assert found.changed_share == pytest.approx(np.arctan(0.5) / np.pi, abs=0.01)


def test_noise_is_in_units_of_the_training_rows() -> None:
    wide = DATASET.with_features(lambda rows: rows * 16.0, NAMES)
    scaled = TrainedFold(FirstFeatureForecaster(NAMES), wide.take(np.arange(800)), wide.take(np.arange(800, 1200)))
    small, large = (noise_sensitivity([each], seed=0, sizes=(0.3,))[0] for each in (TRAINED, scaled))
    assert small.changed_share == large.changed_share > 0.0


def test_an_unknown_value_stays_unknown_under_noise() -> None:
    unknown = DATASET.with_features(lambda rows: np.full_like(rows, np.nan), NAMES)
    trained = TrainedFold(FirstFeatureForecaster(NAMES), DATASET, unknown)
    (found,) = noise_sensitivity([trained], seed=0, sizes=(0.5,))
    assert found.changed_share == 0.0


def test_taking_away_what_the_model_reads_costs_its_skill_and_the_rest_nothing() -> None:
    groups = {"read": NAMES[:1], "others": NAMES[1:]}
    read, others = removal_sensitivity([TRAINED], groups, seed=0)
    assert (others.n_features, others.change, others.changed_share) == (4, 0.0, 0.0)
    assert read.accuracy == pytest.approx(0.5, abs=0.06)
    assert read.change < -0.2 and read.high < -0.1


def test_two_folds_are_judged_together() -> None:
    other = TrainedFold(FirstFeatureForecaster(NAMES), DATASET.take(np.arange(400)), DATASET.take(np.arange(400, 800)))
    both, first, second = (
        noise_sensitivity(folds, seed=0, sizes=(0.2,), n_draws=1)[0] for folds in ([TRAINED, other], [TRAINED], [other])
    )
    assert both.accuracy == pytest.approx((first.accuracy + second.accuracy) / 2)
    assert both.changed_share == pytest.approx((first.changed_share + second.changed_share) / 2)


def test_correlated_features_are_one_group() -> None:
    def with_copies(rows: np.ndarray) -> np.ndarray:
        nearly = -rows[:, :1] + 0.1 * rows[:, 1:2]
        return np.hstack([rows[:, :2], nearly, np.zeros_like(nearly)])

    dataset = DATASET.with_features(with_copies, ("a", "b", "minus_a", "constant"))
    assert correlated_groups(dataset) == {"a": ("a", "minus_a"), "b": ("b",), "constant": ("constant",)}
    assert list(correlated_groups(dataset, threshold=0.9999)) == ["a", "b", "minus_a", "constant"]


def test_without_importance_the_largest_groups_count_as_most_used() -> None:
    groups = {"one": ("a",), "three": ("b", "c", "d"), "two": ("e", "f")}
    assert list(most_used(groups, {}, 2)) == ["three", "two"]


RISES = DATASET.take(np.flatnonzero(DATASET.target == 1.0))  # saying "up" is always right


def without_the_read_feature(first: np.ndarray) -> RemovalPoint:
    """The read feature is `first` on rises only; its median is below 0, so that without it "down" is always said."""
    changed = RISES.with_features(lambda rows: np.column_stack([first, rows[:, 1:]]), NAMES)
    trained = TrainedFold(FirstFeatureForecaster(NAMES), changed, changed)
    return removal_sensitivity([trained], {"read": NAMES[:1]}, seed=0)[0]


def test_an_interval_never_passes_what_can_be_lost() -> None:
    up = np.random.default_rng(0).random(len(RISES)) < 0.3
    found = without_the_read_feature(np.where(up, 1.0, -1.0))
    assert (found.accuracy, found.change, found.no_interval) == (0.0, -up.mean(), "")
    assert found.low == found.change < found.high < 0.0  # more than all that was right cannot be lost


def test_of_too_few_blocks_there_is_no_interval_and_the_reason_is_told() -> None:
    found = without_the_read_feature(np.where(np.arange(len(RISES)) > 0.6 * len(RISES), 1.0, -1.0))  # one long run
    assert found.change == pytest.approx(-0.4, abs=0.01)
    assert np.isnan([found.low, found.high]).all()
    assert found.no_interval == "too few blocks"
