from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.config.strategy import Validation
from trimtab.datasets import Dataset
from trimtab.datasets.purging import last_part, purged_parts
from trimtab.errors import ConfigurationError, NotEnoughDataError
from trimtab.validation.splitters import HoldOut, PurgedKFold, WalkForward, inner_validation, walk_forward_from


def daily(n: int, horizon: int = 1) -> Dataset:
    return make_dataset(n, instruments=("AAA",), horizon=horizon)


def test_purge_by_label_interval_equals_the_worked_example() -> None:
    # Events 1..15, each label two steps long, three folds, closed intervals; repeated ten times
    # per event because fewer than 100 samples are refused.
    days = np.repeat(np.arange(1, 16), 10)
    time = np.datetime64("2020-01-01", "us") + days * np.timedelta64(1, "D")
    label_end = time + np.timedelta64(2, "D")
    dataset = replace(daily(150), decision_time=time, label_start=time, label_end=label_end)
    trained = [sorted(set(days[fold.train])) for fold in PurgedKFold(3).split(dataset)]
    assert trained == [[8, 9, 10, 11, 12, 13, 14, 15], [1, 2, 3, 13, 14, 15], [1, 2, 3, 4, 5, 6, 7, 8]]


def test_an_embargo_widens_the_gap_after_the_test_only() -> None:
    plain, wide = (PurgedKFold(3, timedelta(days=days)).split(daily(300))[1] for days in (0, 5))
    assert np.array_equal(plain.train[plain.train < 100], wide.train[wide.train < 100])
    assert len(plain.train) - len(wide.train) == wide.n_embargoed == 5


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


def test_walk_forward_embargo_is_time_between_the_last_label_and_the_first_decision() -> None:
    fold = WalkForward(embargo=timedelta(days=3)).split(daily(100))[0]
    assert fold.train[-1] == 56
    assert (fold.n_purged, fold.n_embargoed) == (0, 3)


def test_labels_longer_than_the_history_leave_nothing_to_train_on() -> None:
    with pytest.raises(NotEnoughDataError, match="fold_1 has 0 training"):
        WalkForward().split(daily(100, horizon=90))


@pytest.mark.parametrize(
    "options",
    [{"window": "sliding"}, {"initial_train": 0.0}, {"initial_train": 0.95}, {"embargo": timedelta(days=-1)}],
)
def test_impossible_windows_are_refused(options: dict) -> None:
    with pytest.raises(ConfigurationError):
        WalkForward(**options)


def test_a_share_of_less_than_one_time_is_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="at least one"):
        WalkForward(test=0.001).split(daily(100))


def test_one_fold_is_no_k_fold() -> None:
    with pytest.raises(ConfigurationError, match="at least 2"):
        PurgedKFold(1)


def test_more_folds_than_times_are_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="would be empty"):
        PurgedKFold(200).split(daily(150))


def test_a_strategy_file_gives_the_splitter_it_describes() -> None:
    config = Validation(window="rolling", initial_train=0.5, test=0.2, step=0.1, embargo="3d")
    assert walk_forward_from(config) == WalkForward("rolling", 0.5, 0.2, 0.1, timedelta(days=3))


def test_a_strategy_file_may_ask_for_one_cut_instead() -> None:
    config = Validation(window="hold_out", hold_out=(0.7, 0.15, 0.15), embargo="3d")
    assert walk_forward_from(config) == HoldOut((0.7, 0.15, 0.15), timedelta(days=3))


def test_a_hold_out_learns_from_both_parts_before_the_test_purged_against_it() -> None:
    (fold,) = HoldOut((0.6, 0.2, 0.2), timedelta(days=3)).split(daily(100, horizon=5))
    # The label of row 72 ends three days before the decision of row 80. Nothing is left out around row 60, where the
    # validation part of a study begins.
    assert fold.train.tolist() == list(range(73))
    assert fold.test.tolist() == list(range(80, 100))
    assert (fold.name, fold.n_purged, fold.n_embargoed) == ("hold_out", 4, 3)


@pytest.mark.parametrize("shares", [(0.6, 0.2, 0.1), (0.8, 0.2, 0.0), (0.5, 0.5)])
def test_shares_that_are_no_hold_out_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(ConfigurationError, match="three shares greater than 0 that sum to 1"):
        HoldOut(shares)


def test_a_hold_out_whose_validation_part_is_purged_away_is_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="validation part is empty after purging"):
        HoldOut((0.6, 0.1, 0.3)).split(daily(100, horizon=15))


def test_an_embargo_that_leaves_nothing_to_train_on_is_named_first_in_the_advice() -> None:
    with pytest.raises(NotEnoughDataError, match="embargoed; use a shorter embargo, fewer folds"):
        WalkForward(embargo=timedelta(days=9000)).split(daily(1000))
    with pytest.raises(NotEnoughDataError, match="choose a shorter embargo, other shares"):
        HoldOut((0.6, 0.2, 0.2), timedelta(days=9000)).split(daily(100))
    with pytest.raises(NotEnoughDataError, match="use a shorter embargo, more parts"):
        purged_parts(daily(100), 2, timedelta(days=9000))
    with pytest.raises(NotEnoughDataError, match="use a shorter embargo, a smaller share"):
        last_part(daily(100), 0.2, timedelta(days=9000))
    with pytest.raises(NotEnoughDataError, match="purging; use a smaller share"):
        last_part(daily(100, horizon=90), 0.2)


def test_early_stopping_gets_the_last_share_with_realised_labels_before_it() -> None:
    fold = inner_validation(daily(100, horizon=5), 0.2)
    assert fold.test.tolist() == list(range(80, 100))
    assert fold.train.tolist() == list(range(76))


def test_early_stopping_on_less_than_one_time_is_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="less than one"):
        inner_validation(daily(100), 0.001)
