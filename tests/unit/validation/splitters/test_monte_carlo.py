from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from fakes.datasets import DAY, make_dataset

from trimtab.datasets import Dataset
from trimtab.errors import ConfigurationError, NotEnoughDataError
from trimtab.validation.splitters import MonteCarlo


def daily(n: int, horizon: int = 1) -> Dataset:
    return make_dataset(n, k=1, instruments=("AAA",), horizon=horizon)


@pytest.mark.parametrize("sizes", [(40, 10), (0.2, 0.05), (timedelta(days=40), timedelta(days=10))])
def test_every_window_is_one_piece_of_the_sizes_asked_for(sizes: Any) -> None:
    for fold in MonteCarlo(30, *sizes).split(daily(200, horizon=3)):
        assert fold.test.tolist() == list(range(fold.test[0], fold.test[0] + 10))
        assert fold.train.tolist() == list(range(fold.test[0] - 40, fold.test[0] - 2))
        assert fold.n_purged == 2


def test_another_seed_draws_other_windows_and_none_is_drawn_twice() -> None:
    starts = [[fold.test[0] for fold in MonteCarlo(20, 40, 10, seed).split(daily(200))] for seed in (0, 1)]
    assert starts[0] != starts[1]
    assert all(sorted(set(drawn)) == drawn and len(drawn) == 20 for drawn in starts)


def test_as_many_splits_as_there_are_windows_draw_every_one_and_one_more_is_refused() -> None:
    folds = MonteCarlo(51, 40, 10).split(daily(100))
    assert [fold.test[0] for fold in folds] == list(range(40, 91))
    with pytest.raises(
        NotEnoughDataError, match="have 51 different windows of train 40 times and test 10 times, not 52"
    ):
        MonteCarlo(52, 40, 10).split(daily(100))


def test_every_place_is_drawn_equally_often() -> None:
    dataset, counts = daily(100), np.zeros(51)
    for seed in range(400):
        for fold in MonteCarlo(5, 40, 10, seed).split(dataset):
            counts[fold.test[0] - 40] += 1
    # 2,000 draws on 51 places: chi-squared with 50 degrees of freedom is below 87 in 999 of 1,000 cases.
    expected = 2000 / 51
    assert ((counts - expected) ** 2 / expected).sum() < 87


def test_windows_of_calendar_time_that_would_judge_nothing_are_not_drawn() -> None:
    days = np.r_[np.arange(60), np.arange(90, 150)]
    base = daily(120)
    time = base.decision_time[0] + days * DAY
    dataset = replace(base, decision_time=time, label_start=time, label_end=time + DAY // 2)
    twenty, ten = timedelta(days=20), timedelta(days=10)
    # Row i opens a window when it lies within the data and some day lies in [i + 20, i + 30).
    fits = [day for day in days if day + 30 <= 150 and ((days >= day + 20) & (days < day + 30)).any()]
    folds = MonteCarlo(len(fits), twenty, ten).split(dataset)
    assert [int(days[fold.train[0]]) for fold in folds] == fits
    with pytest.raises(NotEnoughDataError, match=f"have {len(fits)} different windows"):
        MonteCarlo(len(fits) + 1, twenty, ten).split(dataset)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n_splits": 0}, "n_splits is 0; it must be from 1 to 5,000"),
        ({"n_splits": 10_000}, "n_splits is 10000"),
        ({"seed": -1}, "seed is -1; it must not be negative"),
        ({"train": "40"}, "train is '40'; it must be a share"),
        ({"train": 0.9, "test": 0.2}, "train is 0.9 and test 0.2; train \\+ test must be at most 1"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        MonteCarlo(**options)


def test_labels_longer_than_the_training_part_are_refused_with_the_fold() -> None:
    with pytest.raises(NotEnoughDataError, match="fold_1 has 0 training"):
        MonteCarlo(3, 20, 10).split(daily(200, horizon=40))
