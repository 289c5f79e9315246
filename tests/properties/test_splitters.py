"""Splitters on datasets nobody would think of: irregular times, labels of any length."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import numpy as np
from fakes.datasets import make_dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.datasets import Dataset
from trimtab.errors import NotEnoughDataError
from trimtab.validation.folds import Fold, Splitter
from trimtab.validation.splitters import (
    CombinatorialPurged,
    HoldOut,
    MonteCarlo,
    PurgedKFold,
    TimeSeriesCV,
    WalkForward,
)

HOUR = np.timedelta64(3600, "s").astype("timedelta64[us]")


@st.composite
def irregular(draw: st.DrawFn) -> Dataset:
    n = draw(st.integers(100, 220))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    gaps = random.integers(0, draw(st.integers(1, 5)) + 1, n)  # a gap of 0 is a second sample at the same time
    time = np.datetime64("2020-01-01", "us") + np.cumsum(gaps) * HOUR
    delay = random.integers(0, draw(st.integers(1, 4)), n) * HOUR
    length = random.integers(1, draw(st.integers(2, 40)), n) * HOUR
    base = make_dataset(n, k=1, instruments=("AAA",))
    return replace(base, decision_time=time, label_start=time + delay, label_end=time + delay + length)


def sizes(low: float, high: float) -> st.SearchStrategy[Any]:
    """A share, about as many decision times, or about as many hours."""
    return st.one_of(
        st.floats(low, high),
        st.integers(int(low * 100), int(high * 100)),
        st.integers(int(low * 300), int(high * 300)).map(lambda hours: timedelta(hours=hours)),
    )


def folds_of(splitter: Splitter, dataset: Dataset) -> list[Fold]:
    try:
        return splitter.split(dataset)
    except NotEnoughDataError:  # an honest answer when labels are so long that nothing is left
        return []


def keeps_exactly_what_was_realised(dataset: Dataset, folds: list[Fold], hours: int, first: int | None = None) -> None:
    """Sample by sample: what lies between the first row, or that of the training, and the test trains, unless too late."""
    end = dataset.label_end
    for fold in folds:
        usable_until = min(dataset.decision_time[fold.test].min(), dataset.label_start[fold.test].min())
        usable_until -= np.timedelta64(hours, "h")
        expected = [
            row for row in range(fold.train[0] if first is None else first, fold.test[0]) if end[row] <= usable_until
        ]
        assert fold.train.tolist() == expected


@settings(max_examples=80, deadline=None)
@given(
    irregular(),
    st.sampled_from(["expanding", "rolling"]),
    st.tuples(sizes(0.2, 0.7), sizes(0.05, 0.3), sizes(0.03, 0.4)),
    st.integers(0, 30),
)
def test_walk_forward_keeps_exactly_what_was_realised(
    dataset: Dataset, window: Literal["expanding", "rolling"], extents: tuple[Any, Any, Any], hours: int
) -> None:
    splitter = WalkForward(window, *extents, timedelta(hours=hours))
    first = 0 if window == "expanding" else None
    keeps_exactly_what_was_realised(dataset, folds_of(splitter, dataset), hours, first)


@settings(max_examples=60, deadline=None)
@given(irregular(), st.tuples(sizes(0.05, 0.3), sizes(0.03, 0.4), st.none() | sizes(0.2, 0.7)), st.integers(0, 30))
def test_time_series_cv_keeps_exactly_what_was_realised(
    dataset: Dataset, extents: tuple[Any, Any, Any], hours: int
) -> None:
    folds = folds_of(TimeSeriesCV(*extents, embargo=timedelta(hours=hours)), dataset)
    keeps_exactly_what_was_realised(dataset, folds, hours, 0 if extents[2] is None else None)
    assert not folds or folds[-1].test[-1] == len(dataset) - 1  # the newest decisions are judged


@settings(max_examples=60, deadline=None)
@given(irregular(), st.integers(1, 8), st.tuples(sizes(0.1, 0.6), sizes(0.05, 0.3)), st.integers(0, 30))
def test_monte_carlo_keeps_exactly_what_was_realised(
    dataset: Dataset, n_splits: int, extents: tuple[Any, Any], hours: int
) -> None:
    splitter = MonteCarlo(n_splits, *extents, seed=hours, embargo=timedelta(hours=hours))
    keeps_exactly_what_was_realised(dataset, folds_of(splitter, dataset), hours)


@settings(max_examples=40, deadline=None)
@given(irregular(), st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(1, 8)), st.integers(0, 30))
def test_a_hold_out_keeps_exactly_what_was_realised(dataset: Dataset, parts: tuple[int, int, int], hours: int) -> None:
    train, validation, test = (part / sum(parts) for part in parts)
    splitter = HoldOut((train, validation, test), timedelta(hours=hours))
    keeps_exactly_what_was_realised(dataset, folds_of(splitter, dataset), hours, first=0)


@settings(max_examples=60, deadline=None)
@given(irregular(), st.integers(2, 8), st.integers(0, 30))
def test_purged_k_fold_keeps_exactly_what_does_not_touch_the_test(dataset: Dataset, n_folds: int, hours: int) -> None:
    for fold in folds_of(PurgedKFold(n_folds, timedelta(hours=hours)), dataset):
        first, last = dataset.label_start[fold.test].min(), dataset.label_end[fold.test].max()
        before = dataset.label_end < first
        after = dataset.label_start > last + np.timedelta64(hours, "h")
        expected = np.setdiff1d(np.flatnonzero(before | after), fold.test)
        assert np.array_equal(fold.train, expected)


@settings(max_examples=60, deadline=None)
@given(irregular(), st.integers(2, 7), st.integers(1, 6), st.integers(0, 30))
def test_combinatorial_purged_keeps_exactly_what_touches_no_test_group(
    dataset: Dataset, n_folds: int, n_test_folds: int, hours: int
) -> None:
    splitter = CombinatorialPurged(n_folds, min(n_test_folds, n_folds - 1), timedelta(hours=hours))
    start, end = dataset.label_start, dataset.label_end
    for fold, chosen in zip(folds_of(splitter, dataset), splitter.test_groups, strict=False):
        groups = [splitter.groups(dataset)[group] for group in chosen]
        spans = [(start[rows].min(), end[rows].max()) for rows in groups]
        judged = set(np.concatenate(groups).tolist())
        expected = [
            row
            for row in range(len(dataset))
            if row not in judged
            and all(end[row] < first or start[row] > last + np.timedelta64(hours, "h") for first, last in spans)
        ]
        assert (fold.train.tolist(), set(fold.test.tolist())) == (expected, judged)


@settings(max_examples=60, deadline=None)
@given(irregular(), st.floats(0.1, 0.6), st.floats(0.05, 0.3))
def test_with_steps_of_a_test_part_every_later_time_is_judged_once(
    dataset: Dataset, initial_train: float, test: float
) -> None:
    folds = folds_of(WalkForward("expanding", initial_train, test, test), dataset)
    if folds:
        judged = np.concatenate([fold.test for fold in folds])
        assert np.array_equal(judged, np.arange(judged[0], judged[0] + len(judged)))
