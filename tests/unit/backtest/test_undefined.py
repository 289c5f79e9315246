"""Why a measure has no value."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.backtest.undefined import interval_note, undefined_notes
from trimtab.metrics.catalogue import MEASURES, evaluate_returns


@pytest.mark.parametrize("returns", [[0.01], [0.01, 0.01], [0.0, 0.0, 0.0], [0.01, 0.02, 0.0], [0.01, np.nan]])
def test_every_measure_without_a_value_but_shape_measures_of_few_returns_is_explained(returns: list[float]) -> None:
    series = np.array(returns)
    measures = evaluate_returns(series, 252, names=list(MEASURES))
    said = {
        name
        for note in undefined_notes(series, measures)
        for name in note.split(" is undef")[0].split(" are undef")[0].split(", ")
    }
    unknown = {name for name, value in measures.items() if not np.isfinite(value)}
    assert said <= unknown
    assert unknown - said <= {"kurtosis", "stability_of_timeseries"}


def test_what_has_a_value_is_not_spoken_of() -> None:
    returns = np.random.default_rng(0).normal(0.0, 0.01, 100)
    assert undefined_notes(returns, evaluate_returns(returns, 252, names=list(MEASURES))) == ()
    assert interval_note(returns) == ()


def test_nineteen_known_returns_are_too_few_for_an_interval() -> None:
    assert interval_note(np.append(np.full(19, 0.01), np.nan)) == (
        "19 returns are known; an interval and a p-value need 20",
    )
    assert interval_note(np.full(20, 0.01)) == ()
