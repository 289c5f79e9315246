"""Labels in other places: what moves, what stays, and with whom."""

from __future__ import annotations

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.monitoring import moved_labels
from trimtab.monitoring.moved_labels import (
    exchangeable,
    lengths,
    permuted,
    reordered_products,
    shifted,
    with_labels_of,
    with_planted,
    within,
)


def test_cross_sections_change_places_as_a_whole() -> None:
    dataset = make_dataset(n=300, instruments=("AAA", "BBB", "CCC"))
    (source,) = permuted(exchangeable(dataset), 300, 1, np.random.default_rng(0))
    assert sorted(source) == list(range(300))
    assert (dataset.instrument[source] == dataset.instrument).all()
    by_time = dataset.decision_time[source].reshape(100, 3)
    assert (by_time == by_time[:, :1]).all()
    assert (source != np.arange(300)).mean() > 0.9


def test_a_time_without_equals_moves_the_labels_of_each_instrument_on_their_own() -> None:
    whole = make_dataset(n=300, instruments=("AAA", "BBB", "CCC"))
    dataset = whole.take(np.setdiff1d(np.arange(300), [4, 31, 62]))  # three times that lack an instrument
    cells = exchangeable(dataset)
    assert sorted(np.concatenate([rows.ravel() for rows in cells])) == list(range(297))
    assert cells[0].shape == (97, 3)
    assert [rows.shape[1] for rows in cells[1:]] == [1, 1, 1]
    (source,) = permuted(cells, 297, 1, np.random.default_rng(0))
    assert (dataset.instrument[source] == dataset.instrument).all()


def test_every_order_of_three_is_as_likely() -> None:
    cells = [np.array([[0], [1], [2]])]
    orders = permuted(cells, 3, 6000, np.random.default_rng(1))
    _, counts = np.unique(orders, axis=0, return_counts=True)
    assert len(counts) == 6 and counts.min() > 850 and counts.max() < 1150  # 1,000 each, five standard deviations


def test_only_cross_sections_wholly_inside_are_reordered() -> None:
    cells = [np.array([[0, 1], [2, 3], [4, 5]])]
    (inside,) = within(cells, np.array([1, 2, 3, 4, 5]))
    assert inside.tolist() == [[1, 2], [3, 4]]


def test_a_shift_goes_round_the_end_of_each_instrument() -> None:
    dataset = make_dataset(n=20)
    moved = with_labels_of(dataset, shifted(dataset, 3))
    for code in (0, 1):
        own = dataset.instrument == code
        assert np.array_equal(moved.target[own], np.roll(dataset.target[own], -3))
    assert np.array_equal(moved.features, dataset.features, equal_nan=True)
    assert np.array_equal(moved.label_end, dataset.label_end)


def test_all_horizons_move_together_and_rows_without_one_stay() -> None:
    dataset = make_dataset(n=100, further=(5,))
    source = shifted(dataset, 7)
    moved = with_labels_of(dataset, source)
    unknown = np.isnan(dataset.by_horizon[1].target)
    assert unknown.any() and (source[unknown] == np.flatnonzero(unknown)).all()
    assert np.array_equal(moved.by_horizon[0].target, moved.target)
    assert np.array_equal(moved.by_horizon[1].target, dataset.by_horizon[1].target[source], equal_nan=True)
    assert np.array_equal(np.isnan(moved.by_horizon[1].target), unknown)


def test_a_planted_feature_reaches_windows_too() -> None:
    dataset = make_dataset(n=40, history=True)
    planted = with_planted(dataset, np.arange(40.0), "planted")
    assert planted.feature_names[-1] == "planted"
    windows = planted.windows(2)
    assert np.array_equal(windows[:, -1, -1], np.arange(40.0))
    assert windows[2, 0, -1] == 0.0  # the bar before of the same instrument
    assert np.isnan(windows[0, 0, -1])


@pytest.mark.parametrize("at_once", [7, 10_000])
def test_orders_drawn_some_at_a_time_are_those_drawn_at_once(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(moved_labels, "DRAWN_AT_ONCE", at_once)
    cells = [np.array([[0, 1], [2, 3], [4, 5], [6, 7]])]
    random = np.random.default_rng(1)
    label, weight = random.standard_normal(9), random.standard_normal(9)  # the last row stays
    found = reordered_products(cells, label, weight, 50, np.random.default_rng(4))
    orders = permuted(cells, 9, 50, np.random.default_rng(4))
    assert found == pytest.approx(label[orders] @ weight, abs=1e-12)
    assert len(np.unique(found.round(9))) > 10


def test_instruments_that_are_not_named_keep_their_labels() -> None:
    dataset = make_dataset(n=40, instruments=("AAA", "BBB"))
    source = shifted(dataset, 3, np.array([1]))
    assert np.array_equal(source[dataset.instrument == 0], np.flatnonzero(dataset.instrument == 0))
    assert (source[dataset.instrument == 1] != np.flatnonzero(dataset.instrument == 1)).all()
    assert lengths(dataset).tolist() == [20, 20]
