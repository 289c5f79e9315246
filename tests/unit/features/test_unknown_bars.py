"""A bar with an unknown price or volume is no bar: everything else is as if the checks had refused it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.surroundings import surroundings_of

from trimtab.bars import Bars
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import compute
from trimtab.features.incremental import update
from trimtab.features.warmup import compute_tail

NAMES = tuple(catalogue())
BARS = random_walk(3_300, seed=8)
AROUND = surroundings_of(BARS)


def spoilt(column: str, value: float, *rows: int) -> Bars:
    values = getattr(BARS, column).copy()
    values[list(rows)] = value
    return replace(BARS, **{column: values})


@pytest.mark.parametrize(
    ("column", "value"), [("close", np.nan), ("high", np.inf), ("volume", np.nan), ("open", -np.inf)]
)
def test_the_other_rows_are_those_of_the_bars_without_it(column: str, value: float) -> None:
    bars = spoilt(column, value, 10, 3_000)
    kept = np.setdiff1d(np.arange(len(BARS)), [10, 3_000])
    block = compute(bars, NAMES, surroundings=AROUND)
    assert np.isnan(block.values[[10, 3_000]]).all()
    assert block.values[kept].tobytes() == compute(BARS.take(kept), NAMES, surroundings=AROUND).values.tobytes()


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("bad", [(10,), (3_000,), (3_298,), (3_299,)])
def test_new_rows_are_those_of_all_history(rows: int, bad: tuple[int, ...]) -> None:
    bars = spoilt("close", np.nan, *bad)
    whole = compute(bars, NAMES, surroundings=AROUND).values[-rows:]
    for found in (update(bars, NAMES, rows, AROUND), compute_tail(bars, NAMES, rows, AROUND)):
        assert (np.isnan(found.values) == np.isnan(whole)).all()
        np.testing.assert_allclose(found.values, whole, rtol=1e-7, atol=1e-9)


def test_bars_of_which_none_is_known_give_unknown_rows() -> None:
    bars = spoilt("close", np.nan, *range(len(BARS)))
    assert np.isnan(compute(bars, NAMES).values).all()
    assert np.isnan(update(bars, NAMES, 2).values).all()
