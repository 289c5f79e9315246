from __future__ import annotations

from datetime import timedelta

import pytest
from fakes.datasets import make_dataset

from trimtab.datasets import Dataset
from trimtab.errors import ConfigurationError, NotEnoughDataError
from trimtab.validation.splitters import HoldOut


def daily(n: int, horizon: int = 1) -> Dataset:
    return make_dataset(n, k=1, instruments=("AAA",), horizon=horizon)


def test_it_learns_from_both_parts_before_the_test_purged_against_it() -> None:
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


def test_a_validation_part_that_is_purged_away_is_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="validation part is empty after purging"):
        HoldOut((0.6, 0.1, 0.3)).split(daily(100, horizon=15))


def test_an_embargo_that_leaves_nothing_is_named_first_in_the_advice() -> None:
    with pytest.raises(NotEnoughDataError, match="choose a shorter embargo, other shares"):
        HoldOut((0.6, 0.2, 0.2), timedelta(days=9000)).split(daily(100))
