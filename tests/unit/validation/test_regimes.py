"""Regimes: known at the decision, told apart, and judged only with enough forecasts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from fakes.out_of_sample import out_of_sample

from trimtab.validation.regimes import (
    NAMES,
    UNKNOWN,
    RegimePerformance,
    market_regimes,
    mean_return_by_regime,
    performance_by_regime,
    why_none_is_worst,
    worst_regime,
)

DAYS = np.arange(700).astype("datetime64[D]").astype("datetime64[us]")
CLOSE = 100.0 * np.exp(np.cumsum(np.random.default_rng(0).normal(0.0, 0.01, 700) * np.repeat([1, 3, 0.5, 2], 175)))


def test_regimes_equal_pandas() -> None:
    returns = pd.Series(np.log(CLOSE)).diff()
    volatility = returns.rolling(20).std()
    rank = volatility.rolling(252).rank(pct=True) - 0.5 / 252  # ties half: no two of these are alike
    expected = np.select([rank.isna(), rank <= 1 / 3, rank <= 2 / 3], [-1, 0, 1], 2)
    strength = returns.rolling(60).sum() / (returns.rolling(60).std() * np.sqrt(60))
    trend = np.select([strength.isna(), strength < -0.5, strength <= 0.5], [-1, 0, 1], 2)
    found = market_regimes(DAYS, CLOSE)
    assert np.array_equal(found.volatility, expected)
    assert np.array_equal(found.trend, trend)
    assert set(found.volatility) == set(found.trend) == {-1, 0, 1, 2}


def test_no_later_bar_changes_a_regime() -> None:
    whole = market_regimes(DAYS, CLOSE)
    for cut in (300, 431, 699):
        part = market_regimes(DAYS[:cut], CLOSE[:cut])
        assert np.array_equal(part.volatility, whole.volatility[:cut])
        assert np.array_equal(part.trend, whole.trend[:cut])


def test_a_decision_knows_the_bar_known_at_that_moment_and_none_later() -> None:
    found = market_regimes(DAYS, CLOSE)
    second = np.timedelta64(1, "s")
    turn = 1 + int(np.flatnonzero((np.diff(found.trend) != 0) & (found.trend[:-1] >= 0))[0])  # a bar that changes it
    at = found.at("trend", np.array([DAYS[0] - second, DAYS[turn], DAYS[turn] - second]))
    assert at.tolist() == [-1, found.trend[turn], found.trend[turn - 1]]
    assert at[1] != at[2]


def test_bars_without_a_price_and_steady_prices_are_survived() -> None:
    holes = CLOSE.copy()
    holes[[5, 400]] = [np.nan, 0.0]
    assert len(market_regimes(DAYS, holes).trend) == 698
    steady = market_regimes(DAYS, np.full(700, 5.0))
    assert set(steady.trend) == {-1, 1} and set(steady.volatility) == {-1, 1}
    rising = market_regimes(DAYS[:200], np.exp2(np.arange(200.0)))
    assert NAMES["trend"][rising.trend[-1]] == "up"
    assert len(market_regimes(DAYS[:0], CLOSE[:0]).trend) == 0


def test_performance_is_counted_within_each_regime() -> None:
    codes = np.repeat(np.array([0, 1, 2, -1], np.int8), [200, 150, 50, 100])
    right = np.concatenate([np.ones(200), np.tile([1.0, 0.0, 0.0], 50), np.zeros(50), np.ones(100)])
    target = np.tile([1.0, 0.0], 250)
    samples = out_of_sample(target, value=np.where(right == 1.0, target, 1.0 - target), majority=1.0)
    time = np.arange(500) // 5
    found = performance_by_regime("classification", samples, time, "trend", codes, seed=0, mean_returns={"up": 0.01})
    assert [(each.regime, each.n, each.n_times) for each in found] == [
        ("down", 200, 40),
        ("sideways", 150, 30),
        ("up", 50, 10),
    ]
    assert [each.accuracy for each in found] == [1.0, 1.0 / 3.0, 0.0]
    assert [each.is_judged for each in found] == [True, True, False]
    assert [each.majority_accuracy for each in found] == [0.5, 0.5, 0.5]
    assert found[2].mean_return == 0.01 and np.isnan(found[0].mean_return)
    assert found[1].low < 1.0 / 3.0 < found[1].high


def test_the_worst_regime_is_one_with_enough_forecasts() -> None:
    def of(regime: str, accuracy: float, is_judged: bool) -> RegimePerformance:
        return RegimePerformance("trend", regime, 1, 1, accuracy, 0.0, 1.0, 0.5, 0.5, 0.5, 0.0, 0.0, is_judged)

    found = (of("down", 0.3, False), of("sideways", 0.5, True), of("up", 0.6, True))
    assert worst_regime(found) == found[1]
    assert worst_regime(found[:1]) is None


def test_the_account_is_averaged_by_the_regime_known_as_a_bar_began() -> None:
    found = mean_return_by_regime("volatility", np.array([0, 0, -1, 2]), np.array([0.1, 0.3, 9.0, -0.2]))
    assert found == {"low": 0.2, "high": -0.2}


def test_a_series_without_bars_has_no_regime() -> None:
    none = market_regimes(np.empty(0, "datetime64[us]"), np.empty(0))
    for kind in NAMES:
        assert none.at(kind, np.array(["2020-01-01", "2021-01-01"], "datetime64[us]")).tolist() == [UNKNOWN, UNKNOWN]


def test_regimes_just_below_the_least_number_say_what_is_missing() -> None:
    codes = np.repeat([0, 1, 2], [95, 98, 90])
    samples = out_of_sample(np.tile([0.0, 1.0], 142)[:283], value=np.full(283, 0.7))
    time = np.arange(283).astype("datetime64[D]").astype("datetime64[us]")
    found = performance_by_regime("classification", samples, time, "trend", codes, seed=0)
    assert worst_regime(found) is None
    assert why_none_is_worst(found) == (
        "no regime has 100 forecasts at 20 decision times; the fullest, trend: sideways, has 98 at 98"
    )
    enough = performance_by_regime("classification", samples, time, "trend", np.zeros(283, int), seed=0)
    assert why_none_is_worst(enough) == ""
