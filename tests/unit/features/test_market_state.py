"""Market state against the library `arch`, pandas, the papers' formulas in plain loops, and planted truths."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from arch import arch_model
from arch.univariate import GARCH, Normal
from fakes.bars import bars_from_closes, random_walk
from scipy.optimize import minimize
from scipy.stats import norm

from trimtab.bars import Bars
from trimtab.bars.sources.sample import PackagedSample
from trimtab.features.catalogue import catalogue
from trimtab.features.context import Context
from trimtab.features.engine import compute
from trimtab.features.kernels import garch as kernel
from trimtab.features.kernels.garch import estimate_garch, garch_filter
from trimtab.features.kernels.spreads import abdi_ranaldo, corwin_schultz
from trimtab.market import Series, Timeframe

WINDOW, EVERY = 250, 21


def garch_returns(n: int, a: float, b: float, seed: int, volatility: float = 0.01) -> np.ndarray:
    """Returns that follow a GARCH(1,1) with the given reaction and memory."""
    shocks, h, out = np.random.default_rng(seed).standard_normal(n), volatility**2, np.empty(n)
    for t in range(n):
        out[t] = np.sqrt(h) * shocks[t]
        h = volatility**2 * (1 - a - b) + a * out[t] ** 2 + b * h
    return out


def _arch_variances(r: np.ndarray, long_run: float, a: float, b: float) -> np.ndarray:
    """The variances that the filter of `arch` gives each return, begun at the long run."""
    model, out = GARCH(1, 0, 1), np.empty(len(r))
    bounds = np.tile([1e-300, 1e300], (len(r), 1))
    return model.compute_variance(np.array([long_run * (1 - a - b), a, b]), r, out, long_run, bounds)


def _arch_cost(parameters: np.ndarray, r: np.ndarray, long_run: float) -> float:
    """Minus the Gaussian likelihood of `arch`, plus the pull towards usual values."""
    u, v = parameters
    persistence, share = 0.999 / (1 + np.exp(-u)), 1 / (1 + np.exp(-v))
    variances = _arch_variances(r, long_run, persistence * share, persistence * (1 - share))
    pull = ((u - kernel.USUAL_U) / kernel.SPREAD_U) ** 2 + ((v - kernel.USUAL_V) / kernel.SPREAD_V) ** 2
    return float(-Normal().loglikelihood(np.empty(0), r / np.sqrt(long_run), variances / long_run) + pull / 2)


@pytest.mark.parametrize("seed", range(4))
def test_the_estimate_is_the_minimum_that_arch_and_scipy_find(seed: int) -> None:
    r = garch_returns(WINDOW, 0.12 - 0.02 * seed, 0.8 + 0.02 * seed, seed)
    long_run, a, b = estimate_garch(r)
    assert long_run == pytest.approx((r**2).mean(), rel=1e-12)
    starts = [(3.0, -2.2), (1.0, -1.0), (5.0, -3.0)]
    rough = [minimize(_arch_cost, start, (r, long_run), "Nelder-Mead", tol=1e-2) for start in starts]
    best = minimize(_arch_cost, min(rough, key=lambda each: each.fun).x, (r, long_run), "Nelder-Mead", tol=1e-9)
    persistence, share = 0.999 / (1 + np.exp(-best.x[0])), 1 / (1 + np.exp(-best.x[1]))
    assert (a, b) == pytest.approx((persistence * share, persistence * (1 - share)), abs=1e-5)


def test_on_a_long_window_the_estimate_is_that_of_arch_without_any_pull() -> None:
    r = garch_returns(20_000, 0.08, 0.9, seed=3)
    _, a, b = estimate_garch(r)
    fitted = arch_model(100 * r, mean="Zero", vol="GARCH").fit(disp="off")
    assert (a, b) == pytest.approx((fitted.params["alpha[1]"], fitted.params["beta[1]"]), abs=0.005)
    assert (a, b) == pytest.approx((0.08, 0.9), abs=0.02)


def test_the_forecasts_are_those_of_the_filter_of_arch_on_the_window_of_the_estimate() -> None:
    r = np.concatenate([[np.nan], garch_returns(600, 0.1, 0.85, seed=1)])
    forecast, target, persistence, before = garch_filter(r, np.arange(len(r)), WINDOW, EVERY)
    row = 400
    ends = [end for end in range(row - EVERY, row) if estimate_garch(r[end - WINDOW + 1 : end + 1])[0] == target[row]]
    assert len(ends) == 1, "the parameters come from one window that ended before the row"
    first = ends[0] - WINDOW + 1
    long_run, a, b = estimate_garch(r[first : ends[0] + 1])
    expected = _arch_variances(np.append(r[first : row + 1], 0.0), long_run, a, b)
    assert persistence[row] == a + b
    np.testing.assert_allclose([before[row], forecast[row]], expected[-2:], rtol=1e-12)


def test_the_four_outputs_fit_together() -> None:
    bars = random_walk(400, seed=9)
    names = ["garch_volatility", "garch_ratio", "garch_surprise", "log_return_1", "garch_persistence"]
    volatility, ratio, surprise, r, persistence = compute(bars, names).values.T
    forecast, long_run, ab, before = garch_filter(r, bars.event_time.view(np.int64), WINDOW, EVERY)
    known = slice(WINDOW + EVERY, None)
    np.testing.assert_allclose(volatility[known] ** 2, forecast[known], rtol=1e-12)
    np.testing.assert_allclose(ratio[known] ** 2, (forecast / long_run)[known], rtol=1e-12)
    np.testing.assert_allclose(surprise[known] ** 2, (r**2 / before)[known], rtol=1e-12)
    np.testing.assert_array_equal(np.sign(surprise[known]), np.sign(r[known]))
    np.testing.assert_array_equal(persistence, ab)
    assert 0.8 < np.nanstd(surprise) < 1.2


def test_a_bar_moves_its_forecast_but_not_the_parameters_of_its_own_row() -> None:
    r = np.concatenate([[np.nan], garch_returns(400, 0.1, 0.85, seed=2)])
    times = np.arange(len(r))
    for row in range(WINDOW + EVERY, 340):  # at one of these, the row itself has the largest hash
        shocked = np.append(r[:row], 0.2)
        calm, excited = (garch_filter(each, times[: row + 1], WINDOW, EVERY) for each in (r[: row + 1], shocked))
        assert excited[0][-1] > 2 * calm[0][-1]
        assert [each[-1] for each in excited[1:]] == [each[-1] for each in calm[1:]]


def test_where_history_begins_changes_no_bit_of_garch() -> None:
    bars = random_walk(900, seed=5)
    names = [name for name in catalogue() if name.startswith("garch_")]
    lookback = catalogue()[names[0]].lookback
    full = compute(bars, names).values
    for begin in (1, 7, 100, 333):
        late = compute(bars.take(slice(begin, None)), names).values
        np.testing.assert_array_equal(late[lookback:], full[begin + lookback :])


def test_parameters_are_estimated_again_at_least_every_21_bars() -> None:
    r = np.concatenate([[np.nan], garch_returns(3_000, 0.1, 0.85, seed=2)])
    _, target, _, _ = garch_filter(r, np.arange(len(r)) * 86_400_000_000, WINDOW, EVERY)
    changes = np.flatnonzero(np.diff(target[WINDOW + EVERY :]) != 0)
    assert np.diff(changes).max() <= EVERY
    assert 200 < len(changes) < 300  # about every eleventh of 2,730


def test_garch_forecasts_the_next_bar_of_a_real_index_better_than_the_volatility_of_20_bars() -> None:
    """Mean of ln h + r^2 / h (QLIKE), which is smallest for the true variance; Patton 2011."""
    bars = PackagedSample().fetch(Series("SPX", Timeframe.DAY))
    block = compute(bars, ["garch_volatility", "volatility_20", "log_return_1"])
    garch, rolling, r = (block.column(name) for name in block.names)
    now, following = slice(300, -1), slice(301, None)

    def loss(volatility: np.ndarray) -> float:
        return float(np.mean(2 * np.log(volatility[now]) + (r[following] / volatility[now]) ** 2))

    assert loss(garch) < loss(rolling) - 0.02


def test_without_movement_garch_expects_none_and_usual_parameters() -> None:
    r = np.zeros(400)
    forecast, target, persistence, before = (each[-1] for each in garch_filter(r, np.arange(400), WINDOW, EVERY))
    assert (forecast, target, before) == (0.0, 0.0, 0.0)
    assert persistence == pytest.approx(0.999 / (1 + np.exp(-3.0)))


def test_an_unknown_close_makes_garch_unknown_until_it_has_left_the_window() -> None:
    r = np.concatenate([[np.nan], garch_returns(900, 0.1, 0.85, seed=2)])
    r[400] = np.nan
    persistence = garch_filter(r, np.arange(len(r)), WINDOW, EVERY)[2]
    assert np.isnan(persistence[400 + EVERY : 400 + WINDOW]).all()
    assert not np.isnan(persistence[401 + WINDOW + EVERY :]).any()
    assert not np.isnan(persistence[271:400]).any()


@cache
def _quotes(spread: float, seed: int = 8, n: int = 2000, steps: int = 300) -> Bars:
    """Bars of a fine walk whose trades alternate at random between bid and ask."""
    rng = np.random.default_rng(seed)
    middle = np.exp(np.cumsum(rng.normal(0, 0.01 / np.sqrt(steps), n * steps))).reshape(n, steps)
    trades = middle * (1 + spread / 2 * rng.choice([-1.0, 1.0], (n, steps)))
    times = np.datetime64("2000-01-01", "us") + np.arange(n) * np.timedelta64(86_400_000_000, "us")
    prices = trades[:, 0], trades.max(axis=1), trades.min(axis=1), trades[:, -1]
    return Bars.build(Series("X", Timeframe.DAY), times, *prices, np.ones(n))


@pytest.mark.parametrize("spread", [0.01, 0.02])
@pytest.mark.parametrize("name", ["corwin_schultz_spread_20", "roll_spread_60"])
def test_a_planted_spread_is_recovered(name: str, spread: float) -> None:
    estimate = np.nanmean(compute(_quotes(spread), [name]).values)
    assert 0.75 * spread < estimate < 1.25 * spread


def test_a_planted_spread_shows_in_abdi_and_ranaldo_from_a_spread_as_large_as_the_volatility() -> None:
    """Negative estimates count as 0, so a mean is too high for small spreads, as the paper says of it."""
    wide, none = (np.nanmean(compute(_quotes(s), ["abdi_ranaldo_spread_20"]).values) for s in (0.03, 0.0))
    assert 0.8 * 0.03 < wide < 1.2 * 0.03
    assert none < 0.01


def _with_gaps(bars: Bars) -> Bars:
    """The same bars, each moved as a whole: many then lie wholly above or below the close before them."""
    jumps = np.exp(np.cumsum(np.random.default_rng(2).normal(0, 0.02, len(bars))))
    return replace(bars, factor=jumps, volume=bars.volume * jumps).adjusted()


def test_the_spreads_of_two_bars_are_the_formulas_of_the_papers() -> None:
    c = Context(_with_gaps(random_walk(300, seed=2)))
    assert (c.low[1:] > c.close[:-1]).sum() > 50 < (c.high[1:] < c.close[:-1]).sum()
    found = corwin_schultz(c.high, c.low, c.close, c.log_range), abdi_ranaldo(c.high, c.low, c.close)
    k = 3 - 2 * np.sqrt(2)
    for t in range(1, 300):
        h, low, last = c.high[t], c.low[t], c.close[t - 1]
        gap = max(low - last, 0) + min(h - last, 0)
        beta = np.log((h - gap) / (low - gap)) ** 2 + np.log(c.high[t - 1] / c.low[t - 1]) ** 2
        gamma = np.log(max(h - gap, c.high[t - 1]) / min(low - gap, c.low[t - 1])) ** 2
        alpha = (np.sqrt(2 * beta) - np.sqrt(beta)) / k - np.sqrt(gamma / k)
        spread = 2 * (np.exp(alpha) - 1) / (1 + np.exp(alpha))
        assert found[0][t] == pytest.approx(max(spread, 0), rel=1e-9, abs=1e-15)
        middle, before = np.log(h * low) / 2, np.log(c.high[t - 1] * c.low[t - 1]) / 2
        square = 4 * (np.log(last) - before) * (np.log(last) - middle)
        assert found[1][t] == pytest.approx(np.sqrt(max(square, 0)), rel=1e-6, abs=1e-12)


def test_pandas_agrees_on_flows_and_second_moments() -> None:
    bars = _with_gaps(random_walk(700, seed=4))
    f = pd.DataFrame({name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")})
    r = np.log(f.close).diff()
    x = f.volume * (2 * norm.cdf(r / r.rolling(20).std()) - 1)
    week = (r**2).rolling(5).mean() ** 0.5
    gap, body = np.log(f.open / f.close.shift()), np.log(f.close / f.open)
    value = f.close * f.volume
    expected = {
        "kyle_impact_20": f.volume.rolling(20).mean() * (r * x).rolling(20).sum() / (x**2).rolling(20).sum(),
        "flow_toxicity_60": x.abs().rolling(60).sum() / f.volume.rolling(60).sum(),
        "flow_persistence_60": x.rolling(60).corr(x.shift()),
        "volume_imbalance_20": x.rolling(20).sum() / f.volume.rolling(20).sum(),
        "volume_variation_20": f.volume.rolling(20).std() / f.volume.rolling(20).mean(),
        "volatility_of_volatility_60": week.rolling(60).std() / week.rolling(60).mean(),
        "volatility_clustering_60": r.abs().rolling(60).corr(r.abs().shift()),
        "leverage_correlation_60": r.abs().rolling(60).corr(r.shift()),
        "gap_share_20": (gap**2).rolling(20).sum() / ((gap**2).rolling(20).sum() + (body**2).rolling(20).sum()),
        "amihud_ratio_20_120": (r.abs() / value).rolling(20).mean() / (r.abs() / value).rolling(120).mean(),
        "volatility_percentile": (r.rolling(20).std().rolling(252).rank() - 0.5) / 252,
    }
    block = compute(bars, list(expected))
    for name, values in expected.items():
        lookback = catalogue()[name].lookback
        np.testing.assert_allclose(
            block.column(name)[lookback:], values.to_numpy()[lookback:], rtol=1e-8, atol=1e-10, err_msg=name
        )


def test_a_planted_price_impact_is_recovered() -> None:
    """Trades of one size on a random side, each moving the price by the same: impact is that move per mean volume."""
    rng = np.random.default_rng(0)
    bars = bars_from_closes(100 * np.exp(np.cumsum(0.001 * rng.choice([-1.0, 1.0], 400))))
    found = compute(bars, ["kyle_impact_60"]).values[-1, 0]
    share = 2 * norm.cdf(1.0) - 1  # of the volume that a return of one standard deviation counts as bought
    assert found == pytest.approx(0.001 / share, rel=0.05)
    twice = replace(bars, close=bars.close**2, open=bars.open**2, high=bars.high**2, low=bars.low**2)
    assert compute(twice, ["kyle_impact_60"]).values[-1, 0] == pytest.approx(2 * found, rel=1e-6)


def test_volume_that_presses_one_way_persists_and_is_toxic() -> None:
    rng = np.random.default_rng(1)
    side = np.repeat(rng.choice([-1.0, 1.0], 80), 10)
    pressed = bars_from_closes(100 * np.exp(np.cumsum(0.01 * side + rng.normal(0, 1e-3, 800))))
    mixed = bars_from_closes(100 * np.exp(np.cumsum(rng.normal(0, 0.01, 800))))
    names = ["flow_persistence_60", "flow_toxicity_60"]
    persistent, toxic = np.nanmean(compute(pressed, names).values, axis=0)
    usual, less_toxic = np.nanmean(compute(mixed, names).values, axis=0)
    assert persistent > 0.6
    assert abs(usual) < 0.1
    assert toxic > less_toxic
