from __future__ import annotations

import pytest
from fakes.datasets import make_dataset

from trimtab.datasets import Dataset
from trimtab.errors import NotEnoughDataError
from trimtab.validation.splitters import inner_validation


def daily(n: int, horizon: int = 1) -> Dataset:
    return make_dataset(n, k=1, instruments=("AAA",), horizon=horizon)


def test_early_stopping_gets_the_last_share_with_realised_labels_before_it() -> None:
    fold = inner_validation(daily(100, horizon=5), 0.2)
    assert fold.test.tolist() == list(range(80, 100))
    assert fold.train.tolist() == list(range(76))


def test_early_stopping_on_less_than_one_time_is_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="less than one"):
        inner_validation(daily(100), 0.001)
