"""Splitters on datasets nobody would think of: irregular times, labels of any length."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Literal

import numpy as np
from fakes.datasets import make_dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.datasets import Dataset
from trimtab.errors import NotEnoughDataError
from trimtab.validation.folds import Fold, Splitter
from trimtab.validation.splitters import PurgedKFold, WalkForward

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


def folds_of(splitter: Splitter, dataset: Dataset) -> list[Fold]:
    try:
        return splitter.split(dataset)
    except NotEnoughDataError:  # an honest answer when labels are so long that nothing is left
        return []


@settings(max_examples=60, deadline=None)
@given(
    irregular(),
    st.sampled_from(["expanding", "rolling"]),
    st.tuples(st.floats(0.2, 0.7), st.floats(0.05, 0.3), st.floats(0.02, 0.4)),
    st.integers(0, 30),
)
def test_walk_forward_keeps_exactly_what_was_realised(
    dataset: Dataset, window: Literal["expanding", "rolling"], shares: tuple[float, float, float], hours: int
) -> None:
    splitter = WalkForward(window, *shares, timedelta(hours=hours))
    for fold in folds_of(splitter, dataset):
        decided = dataset.decision_time[fold.test].min()
        usable_until = min(decided, dataset.label_start[fold.test].min()) - np.timedelta64(hours, "h")
        assert (dataset.label_end[fold.train] <= usable_until).all()
        left_out = np.setdiff1d(np.arange(fold.train[0], fold.test[0]), fold.train)
        assert (dataset.label_end[left_out] > usable_until).all()  # nothing usable is thrown away


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
@given(irregular(), st.floats(0.1, 0.6), st.floats(0.05, 0.3))
def test_with_steps_of_a_test_part_every_later_time_is_judged_once(
    dataset: Dataset, initial_train: float, test: float
) -> None:
    folds = folds_of(WalkForward("expanding", initial_train, test, test), dataset)
    if folds:
        judged = np.concatenate([fold.test for fold in folds])
        assert np.array_equal(judged, np.arange(judged[0], judged[0] + len(judged)))
