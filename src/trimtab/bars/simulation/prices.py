"""Prices and volume of one simulated series, so that more bars later never change earlier ones.

Every random number comes from a stream of its own (seed, series, purpose) and is drawn in the
order of the bars, therefore the first k of n bars are the same for every n.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import numpy as np
from numba import njit

from trimtab.bars.schema import TIME, Bars
from trimtab.bars.simulation.planted import PlantedTruth
from trimtab.market import Series, Timeframe

FIRST_PRICE = 100.0
_OVERNIGHT = 0.2  # share of a bar's variance that happens between the last close and its open
_RANGE_ELASTICITY = 0.7  # volume grows with the bar's range to this power


def stream(seed: int, series: Series, purpose: str) -> np.random.Generator:
    """The random numbers of one purpose for one series: independent of every other stream."""
    digest = hashlib.sha256(f"{series.key}|{purpose}".encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])


def simulated_event_times(timeframe: Timeframe, start: datetime, until: datetime) -> np.ndarray:
    """Opens of the bars that have closed by `until`: weekdays for days, without a pause for the others."""
    first, last = (np.datetime64(time.astimezone(UTC).replace(tzinfo=None), "us") for time in (start, until))
    step = timeframe.duration_us
    times = np.arange(first, last - step + np.timedelta64(1, "us"), step, dtype=TIME)
    return times[np.is_busday(times.astype("datetime64[D]"))] if timeframe is Timeframe.DAY else times


def simulate(truth: PlantedTruth, series: Series, event_time: np.ndarray, seed: int) -> Bars:
    """Bars of one series at the given times, clean, with what `truth` says planted in them.

    Returns are Gaussian with the volatility of the regime; their sign follows the planted statistic.
    A fifth of the variance is overnight. High and low are the extremes of a Brownian bridge from
    open to close, drawn from their closed form (see `bridge_extremes`).
    """
    n = len(event_time)
    after = _is_after_drift(truth, event_time)
    day_share = np.sqrt(series.timeframe.duration / timedelta(days=1))
    volatility = truth.volatility * day_share * _regime_factor(truth, series, n, seed)
    volatility = np.where(after, volatility * truth.volatility_ratio, volatility)

    moves = planted_returns(
        np.abs(stream(seed, series, "size").standard_normal(n)) * volatility,
        stream(seed, series, "agree").random(n) < np.where(after, truth.hit_rate_after, truth.hit_rate),
        stream(seed, series, "coin").random(n) < 0.5,
        truth.lookback,
    )
    close = FIRST_PRICE * np.exp(np.cumsum(moves))
    overnight = _OVERNIGHT * moves + volatility * np.sqrt(_OVERNIGHT * (1 - _OVERNIGHT)) * stream(
        seed, series, "overnight"
    ).standard_normal(n)
    open_ = np.concatenate([[FIRST_PRICE], close[:-1]]) * np.exp(overnight)
    up, down = bridge_extremes(
        moves - overnight,
        volatility * np.sqrt(1 - _OVERNIGHT),
        1.0 - stream(seed, series, "high").random(n),
        1.0 - stream(seed, series, "low").random(n),
    )
    # open·exp(log(close/open)) may miss the close by one rounding, hence maximum and minimum.
    high = np.maximum(open_ * np.exp(up), np.maximum(open_, close))
    low = np.minimum(open_ * np.exp(down), np.minimum(open_, close))
    volume = _volume(truth, series, np.log(high / low) / (truth.volatility * day_share), after, seed)
    return Bars.build(series, event_time, open_, high, low, close, volume)


def regime_of(truth: PlantedTruth, series: Series, n: int, seed: int) -> np.ndarray:
    """The true regime of the first n bars: 0 calm, 1 turbulent; int64, shape (n,)."""
    switches = stream(seed, series, "regime").random(n) >= truth.stay
    return np.cumsum(switches) % 2


def _regime_factor(truth: PlantedTruth, series: Series, n: int, seed: int) -> np.ndarray:
    return np.where(regime_of(truth, series, n, seed) == 1, truth.turbulence, 1.0)


def _is_after_drift(truth: PlantedTruth, event_time: np.ndarray) -> np.ndarray:
    if truth.drift_time is None:
        return np.zeros(len(event_time), dtype=bool)
    return event_time >= np.datetime64(truth.drift_time.astimezone(UTC).replace(tzinfo=None), "us")


def _volume(
    truth: PlantedTruth, series: Series, relative_range: np.ndarray, after: np.ndarray, seed: int
) -> np.ndarray:
    usual = truth.volume * series.timeframe.duration / timedelta(days=1) * np.where(after, truth.volume_ratio, 1.0)
    noise = np.where(after, truth.volume_noise_after, truth.volume_noise)
    surprise = noise * stream(seed, series, "volume").standard_normal(len(after)) - noise**2 / 2
    return np.maximum(1.0, np.round(usual * relative_range**_RANGE_ELASTICITY * np.exp(surprise)))


def bridge_extremes(
    end: np.ndarray, deviation: np.ndarray, u_high: np.ndarray, u_low: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Highest and lowest point of Brownian bridges from 0 to `end`, from uniforms in (0, 1].

    P(max ≥ m) = exp(-2 m (m - end) / deviation²) for m ≥ max(0, end), solved for m; the minimum is
    its mirror (Karatzas and Shreve, Brownian Motion and Stochastic Calculus, 4.3.40). Both have the
    right distribution, their dependence on one another is left out.

    >>> bridge_extremes(np.array([0.3]), np.array([1.0]), np.array([1.0]), np.array([1.0]))
    (array([0.3]), array([0.]))
    """
    high = (end + np.sqrt(end**2 - 2 * deviation**2 * np.log(u_high))) / 2
    low = (end - np.sqrt(end**2 - 2 * deviation**2 * np.log(u_low))) / 2
    return high, low


@njit(cache=True)
def planted_returns(size: np.ndarray, agrees: np.ndarray, coin: np.ndarray, lookback: int) -> np.ndarray:
    """Returns of given sizes whose sign agrees, or not, with the sum of the last `lookback` ones.

    While there is no past sum the coin decides.
    """
    returns = np.empty(len(size))
    for i in range(len(size)):
        past = 0.0
        for k in range(max(0, i - lookback), i):
            past += returns[k]
        rises = coin[i] if past == 0.0 else (past > 0.0) == agrees[i]
        returns[i] = size[i] if rises else -size[i]
    return returns
