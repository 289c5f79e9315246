from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.datasets import Dataset
from trimtab.errors import ArtifactError
from trimtab.models.novelty import Novelty, fit_novelty, novelty_from


def factors(n: int, k: int, seed: int, *, loadings_seed: int = 0, missing: float = 0.0) -> Dataset:
    """Heavy-tailed features that move together, as market features do."""
    loadings = np.random.default_rng(loadings_seed).normal(size=(5, k))
    rng = np.random.default_rng(seed)
    features = rng.standard_t(5, size=(n, 5)) @ loadings + 0.3 * rng.standard_t(5, size=(n, k))
    features[rng.random((n, k)) < missing] = np.nan
    return replace(make_dataset(n, k=k, seed=seed), features=np.asfortranarray(features))


@pytest.fixture(scope="module")
def learnt() -> Novelty:
    return fit_novelty(factors(2000, 40, seed=1, missing=0.01), n_parts=5)


@pytest.fixture(scope="module")
def new() -> np.ndarray:
    return factors(4000, 40, seed=2, missing=0.01).features


def test_about_one_row_in_a_hundred_that_is_like_the_training_lies_outside(learnt: Novelty, new: np.ndarray) -> None:
    assert (learnt.of(new) > 1.0).mean() == pytest.approx(0.01, abs=0.007)


def test_features_without_any_pattern_have_the_same_edge() -> None:
    fitted = fit_novelty(make_dataset(1500, k=100), n_parts=5)
    assert (fitted.of(make_dataset(4000, k=100, seed=9).features) > 1.0).mean() == pytest.approx(0.01, abs=0.01)


def test_the_edge_is_that_of_rows_from_another_time_than_was_learnt_from() -> None:
    """In a market that wanders, rows lie close to those of their own weeks; an edge from these would refuse the next."""
    rng = np.random.default_rng(0)
    wandering = np.cumsum(rng.normal(0, 0.15, size=(1300, 10)), axis=0) + rng.normal(size=(1300, 10))
    dataset = replace(make_dataset(1000, k=10, instruments=("AAA",)), features=np.asfortranarray(wandering[:1000]))
    assert (fit_novelty(dataset, n_parts=5).of(wandering[1000:]) > 1.0).mean() < 0.2


def test_rows_ten_deviations_away_lie_outside(learnt: Novelty, new: np.ndarray) -> None:
    assert (learnt.of(new + 10.0 * np.nanstd(new, axis=0)) > 1.0).all()


def test_one_feature_ten_deviations_away_is_enough(learnt: Novelty, new: np.ndarray) -> None:
    for j in (0, 17, 39):
        shifted = new.copy()
        shifted[:, j] += 10.0 * np.nanstd(new[:, j])
        known = ~np.isnan(shifted[:, j])
        assert (learnt.of(shifted[known]) > 1.0).all()


def test_features_that_no_longer_move_together_lie_outside_though_each_is_usual(
    learnt: Novelty, new: np.ndarray
) -> None:
    rng = np.random.default_rng(0)
    apart = np.column_stack([rng.permutation(column) for column in new.T])
    assert (learnt.of(apart) > 1.0).mean() > 0.95


def test_a_few_missing_values_are_usual_and_many_are_not(learnt: Novelty, new: np.ndarray) -> None:
    row = np.nan_to_num(new[:1])
    some, many, nothing = row.copy(), row.copy(), np.full_like(row, np.nan)
    some[0, :1], many[0, :20] = np.nan, np.nan
    assert (learnt.of(some)[0] <= 1.0, learnt.of(many)[0] > 1.0, learnt.of(nothing)[0] > 5.0) == (True, True, True)


def test_a_row_alone_has_the_bits_it_has_in_a_batch(learnt: Novelty, new: np.ndarray) -> None:
    together = learnt.of(new)
    assert np.array_equal(together[:50], [learnt.of(new[i : i + 1])[0] for i in range(50)])
    assert np.array_equal(together, learnt.of(np.asfortranarray(new)))


def test_whatever_comes_in_a_finite_number_from_zero_up_comes_out(learnt: Novelty) -> None:
    rows = np.zeros((5, 40))
    rows[0, 0], rows[1, 1], rows[2], rows[3] = 3.4e38, -3.4e38, np.nan, 1e-300
    novelty = learnt.of(rows)
    assert np.isfinite(novelty).all() and (novelty >= 0.0).all()
    assert learnt.of(rows[:0]).shape == (0,)


def test_a_constant_column_an_empty_one_and_a_rare_event_are_survived() -> None:
    dataset = factors(1500, 10, seed=3)
    features = dataset.features.copy(order="F")
    features[:, 0], features[:, 1] = 4.0, np.nan
    features[:, 2] = np.random.default_rng(0).random(1500) < 0.002
    fitted = fit_novelty(replace(dataset, features=features), n_parts=5)
    assert (fitted.of(features) > 1.0).mean() < 0.03
    moved = features.copy()
    moved[:, 0] = 400.0  # what was constant has moved
    assert (fitted.of(moved) > 1.0).all()


def test_one_absurd_training_row_does_not_stretch_the_edge() -> None:
    dataset = factors(2000, 10, seed=4)
    features = dataset.features.copy(order="F")
    features[1000] *= 1e6
    rows = factors(500, 10, seed=5).features
    fitted = fit_novelty(replace(dataset, features=features), n_parts=5)
    assert (fitted.of(rows + 10.0 * rows.std(axis=0)) > 1.0).all()


def test_many_features_and_rows_make_a_small_artifact() -> None:
    fitted = fit_novelty(make_dataset(6000, k=200), n_parts=2)
    assert sum(array.nbytes for array in fitted.arrays().values()) < 50_000


def test_stored_and_read_it_says_the_same(learnt: Novelty, new: np.ndarray) -> None:
    assert np.array_equal(novelty_from(learnt.arrays(), 40).of(new), learnt.of(new))


def test_arrays_that_do_not_fit_are_refused(learnt: Novelty) -> None:
    good = learnt.arrays()
    broken = [
        {name: array for name, array in good.items() if name != "edges"},
        {**good, "center": good["center"][:-1]},
        {**good, "directions": good["directions"][:, :-1]},
        {**good, "scale": np.zeros(40)},
    ]
    for arrays in broken:
        with pytest.raises(ArtifactError, match="train the model again"):
            novelty_from(arrays, 40)
