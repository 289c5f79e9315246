"""A recipe is read back into series, label and time."""

from __future__ import annotations

from datetime import UTC, datetime

from trimtab.config.strategy import Label
from trimtab.datasets.recipe import as_of, has_history, label_of, series_of, window_of
from trimtab.market import Series, Timeframe

RECIPE = {
    "as_of": "2020-06-01T05:00:00.000001",
    "instruments": ["AAA", "BTC-USDT"],
    "timeframe": "1h",
    "label": Label(kind="volatility_regime", horizons=(5,), memory=60).model_dump(mode="json") | {"code": "1"},
}


def test_a_recipe_names_its_series_its_label_and_what_it_saw() -> None:
    assert series_of(RECIPE) == [Series("AAA", Timeframe.HOUR), Series("BTC-USDT", Timeframe.HOUR)]
    assert label_of(RECIPE) == Label(kind="volatility_regime", horizons=(5,), memory=60)
    assert as_of(RECIPE) == datetime(2020, 6, 1, 5, 0, 0, 1, tzinfo=UTC)


def test_a_recipe_says_how_many_bars_its_model_looks_at_and_keeps_every_bar_for_more_than_one() -> None:
    assert (window_of(RECIPE), has_history(RECIPE)) == (1, False)
    assert (window_of(RECIPE | {"window": 1}), has_history(RECIPE | {"window": 1})) == (1, False)
    assert (window_of(RECIPE | {"window": 20}), has_history(RECIPE | {"window": 20})) == (20, True)
