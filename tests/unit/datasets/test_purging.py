from __future__ import annotations

from datetime import timedelta

import pytest
from fakes.datasets import make_dataset

from trimtab.datasets import Dataset
from trimtab.datasets.purging import last_part, purged_parts
from trimtab.errors import NotEnoughDataError


def daily(n: int, horizon: int = 1) -> Dataset:
    return make_dataset(n, k=1, instruments=("AAA",), horizon=horizon)


def test_an_embargo_that_leaves_nothing_to_train_on_is_named_first_in_the_advice() -> None:
    with pytest.raises(NotEnoughDataError, match="use a shorter embargo, more parts"):
        purged_parts(daily(100), 2, timedelta(days=9000))
    with pytest.raises(NotEnoughDataError, match="use a shorter embargo, a smaller share"):
        last_part(daily(100), 0.2, timedelta(days=9000))
    with pytest.raises(NotEnoughDataError, match="purging; use a smaller share"):
        last_part(daily(100, horizon=90), 0.2)
