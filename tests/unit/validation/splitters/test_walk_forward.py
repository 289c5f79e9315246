from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from fakes.datasets import DAY, make_dataset

from trimtab.datasets import Dataset
from trimtab.errors import ConfigurationError, NotEnoughDataError
from trimtab.validation.splitters import WalkForward


def daily(n: int, horizon: int = 1) -> Dataset:
    return make_dataset(n, k=1, instruments=("AAA",), horizon=horizon)


def on_days(days: np.ndarray) -> Dataset:
    """One sample on each of some days, counted from the first, with labels of half a day."""
    base = daily(len(days))
    time = base.decision_time[0] + days * DAY
    return replace(base, decision_time=time, label_start=time, label_end=time + DAY // 2)


def test_a_training_label_that_ends_at_the_first_test_decision_may_be_used() -> None:
    fold = WalkForward().split(daily(100, horizon=5))[0]
    assert fold.test[0] == 60
    assert fold.train[-1] == 55  # its label ends at the decision of row 60
    assert fold.n_purged == 4


def test_expanding_windows_keep_the_start_and_rolling_windows_their_length() -> None:
    expanding = WalkForward("expanding").split(daily(1000))
    rolling = WalkForward("rolling").split(daily(1000))
    assert [fold.train[0] for fold in expanding] == [0, 0, 0, 0]
    assert [fold.train[0] for fold in rolling] == [0, 100, 200, 300]
    assert [(fold.test[0], fold.test[-1]) for fold in rolling] == [(600, 699), (700, 799), (800, 899), (900, 999)]


def test_shares_that_do_not_divide_the_times_still_reach_the_end() -> None:
    folds = WalkForward().split(daily(1013))
    assert len(folds) == 4
    assert folds[-1].test[-1] == 1012


@pytest.mark.parametrize("window", ["expanding", "rolling"])
@pytest.mark.parametrize("n", [100, 101, 997, 1000, 1013])
def test_a_share_a_count_and_a_duration_of_the_same_length_cut_alike(window: Any, n: int) -> None:
    counted = WalkForward(window, 50, 10, 15).split(daily(n))
    timed = WalkForward(window, *(timedelta(days=days) for days in (50, 10, 15))).split(daily(n))
    mixed = WalkForward(window, 50, timedelta(days=10), 15).split(daily(n))
    others = [timed, mixed]
    if n in (100, 1000):
        others.append(WalkForward(window, 50 / n, 10 / n, 15 / n).split(daily(n)))
    for folds in others:
        assert len(folds) == len(counted)
        for left, right in zip(counted, folds, strict=True):
            assert np.array_equal(left.train, right.train)
            assert np.array_equal(left.test, right.test)


def test_a_last_window_that_the_data_do_not_fill_is_left_out() -> None:
    # 104 days: 60 train, then 20 each; the third test part would have four days only.
    for sizes in [(60, 20, 20), tuple(timedelta(days=days) for days in (60, 20, 20))]:
        folds = WalkForward("expanding", *sizes).split(daily(104))
        assert [(fold.test[0], fold.test[-1]) for fold in folds] == [(60, 79), (80, 99)]


def test_durations_are_calendar_time_from_the_first_decision_whatever_is_decided_in_them() -> None:
    # Four weeks of every day, then workdays only, for 30 weeks.
    days = np.arange(30 * 7)
    days = days[(days < 28) | (days % 7 < 5)]
    folds = WalkForward("rolling", timedelta(weeks=8), timedelta(weeks=2), timedelta(weeks=4)).split(on_days(days))
    # The last Friday is day 207: whether anything follows before day 210, where a sixth test part would end, is not known.
    assert len(folds) == 5
    for number, fold in enumerate(folds):
        begins = 4 * 7 * number
        assert days[fold.train].tolist() == [day for day in days if begins <= day < begins + 56]
        assert days[fold.test].tolist() == [day for day in days if begins + 56 <= day < begins + 70]


def test_a_count_after_a_duration_counts_from_there_and_a_duration_after_a_count_too() -> None:
    days = np.sort(np.random.default_rng(4).choice(400, 200, replace=False))
    days -= days[0]
    timed_then_counted = WalkForward("expanding", timedelta(days=150), 12, 12).split(on_days(days))
    start = int(np.searchsorted(days, 150))
    assert [fold.test[0] for fold in timed_then_counted] == list(range(start, 200 - 11, 12))
    counted_then_timed = WalkForward("expanding", 80, timedelta(days=30), timedelta(days=30)).split(on_days(days))
    for number, fold in enumerate(counted_then_timed):
        begins = days[80] + 30 * number
        assert days[fold.test].tolist() == [day for day in days if begins <= day < begins + 30]


def test_a_test_window_in_which_nothing_was_decided_is_left_out() -> None:
    days = np.r_[np.arange(80), np.arange(120, 160)]
    ten = timedelta(days=10)
    folds = WalkForward("expanding", timedelta(days=60), ten, ten).split(on_days(days))
    assert [int(days[fold.test[0]]) for fold in folds] == [60, 70, 120, 130, 140, 150]
    assert [fold.name for fold in folds] == [f"fold_{number}" for number in range(1, 7)]


def test_embargo_is_time_between_the_last_label_and_the_first_decision() -> None:
    fold = WalkForward(embargo=timedelta(days=3)).split(daily(100))[0]
    assert fold.train[-1] == 56
    assert (fold.n_purged, fold.n_embargoed) == (0, 3)


def test_labels_longer_than_the_history_leave_nothing_to_train_on() -> None:
    with pytest.raises(NotEnoughDataError, match="fold_1 has 0 training"):
        WalkForward().split(daily(100, horizon=90))


def test_an_embargo_that_leaves_nothing_to_train_on_is_named_first_in_the_advice() -> None:
    with pytest.raises(NotEnoughDataError, match="embargoed; use a shorter embargo, fewer folds"):
        WalkForward(embargo=timedelta(days=9000)).split(daily(1000))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"window": "sliding"}, "window is 'sliding'; allowed are 'expanding' and 'rolling'"),
        ({"initial_train": 0.0}, "initial_train is 0.0; it must be a share"),
        ({"step": 0}, "step is 0; it must be a share"),
        ({"test": 1.5}, "test is 1.5; it must be a share"),
        ({"test": True}, "test is True; it must be a share"),
        ({"test": float("nan")}, "test is nan; it must be a share"),
        ({"step": timedelta(0)}, "step is 0d; it must be a share .* or a duration greater than 0"),
        ({"initial_train": 0.95}, "initial_train is 0.95 and test 0.1; initial_train \\+ test must be at most 1"),
    ],
)
def test_impossible_windows_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        WalkForward(**options)


@pytest.mark.parametrize("test", [0.001, timedelta(hours=1)])
def test_a_size_of_less_than_one_time_is_refused(test: Any) -> None:
    with pytest.raises(
        NotEnoughDataError, match=r"usually 1d apart.*for test (0.001|1h): every size must cover at least one"
    ):
        WalkForward(test=test).split(daily(100))


def test_more_time_than_there_is_is_refused_with_all_sizes() -> None:
    with pytest.raises(
        NotEnoughDataError,
        match=r"100 distinct decision times are too few for initial_train 95 times, test 30d and step 0\.1",
    ):
        WalkForward(initial_train=95, test=timedelta(days=30)).split(daily(100))


def test_thousands_of_folds_are_taken_for_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="more than 5,000 folds; use a larger step"):
        WalkForward(initial_train=100, test=10, step=1).split(daily(5200))
