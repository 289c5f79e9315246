"""Prices and volume of one simulated series, so that more bars later never change earlier ones.

Every random number comes from a stream of its own (seed, series, purpose) and is drawn in the
order of the bars, therefore the first k of n bars are the same for every n.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import numpy as np
from numba import njit

from trimtab.bars.actions.schema import ActionKind, Actions
from trimtab.bars.schema import PRICES, TIME, Bars
from trimtab.bars.simulation.planted import PlantedTruth
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import SessionCalendar

FIRST_PRICE = 100.0
_OVERNIGHT = 0.2  # share of a bar's variance that happens between the last close and its open
_RANGE_ELASTICITY = 0.7  # volume grows with the bar's range to this power


def stream(seed: int, series: Series, purpose: str) -> np.random.Generator:
    """The random numbers of one purpose for one series: independent of every other stream."""
    digest = hashlib.sha256(f"{series.key}|{purpose}".encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])


def simulated_event_times(
    timeframe: Timeframe, start: datetime, until: datetime, calendar: SessionCalendar | None = None
) -> np.ndarray:
    """Opens of the bars that have closed by `until`.

    Those of the calendar's sessions; without one weekdays for days, and no pause for the others.
    """
    first, last = (np.datetime64(time.astimezone(UTC).replace(tzinfo=None), "us") for time in (start, until))
    step = timeframe.duration_us
    if calendar is not None:
        return calendar.expected_event_times(Series("SIM", timeframe), first, last - step)
    times = np.arange(first, last - step + np.timedelta64(1, "us"), step, dtype=TIME)
    return times[np.is_busday(times.astype("datetime64[D]"))] if timeframe is Timeframe.DAY else times


def simulate(
    truth: PlantedTruth,
    series: Series,
    event_time: np.ndarray,
    seed: int,
    calendar: SessionCalendar | None = None,
) -> Bars:
    """Bars of one series at the given times, clean, with what `truth` says planted in them.

    Returns are Gaussian with the volatility of the moment (`volatility_of`); their sign follows the
    planted statistic. A fifth of the variance is overnight, and jumps and the pauses between the
    sessions of a calendar come before the open, too. High and low are the extremes of a Brownian bridge from
    open to close, drawn from their closed form (see `bridge_extremes`). Prices are as traded:
    planted splits and dividends lower them.
    """
    n = len(event_time)
    after = is_after_drift(truth, event_time)
    day_share = _day_share(series)
    volatility = volatility_of(truth, series, event_time, seed)

    moves = planted_returns(
        np.abs(stream(seed, series, "size").standard_normal(n)) * volatility,
        stream(seed, series, "agree").random(n) < hit_rate_of(truth, event_time),
        stream(seed, series, "coin").random(n) < 0.5,
        truth.lookback,
    )
    overnight = _OVERNIGHT * moves + volatility * np.sqrt(_OVERNIGHT * (1 - _OVERNIGHT)) * stream(
        seed, series, "overnight"
    ).standard_normal(n)
    gaps = jumps_of(truth, series, n, seed) + _pauses(truth, series, event_time, seed, calendar)
    within = moves - overnight
    if gaps.any():
        moves, overnight = moves + gaps, overnight + gaps
    close = FIRST_PRICE * np.exp(np.cumsum(moves))
    open_ = np.concatenate([[FIRST_PRICE], close[:-1]]) * np.exp(overnight)
    up, down = bridge_extremes(
        within,
        volatility * np.sqrt(1 - _OVERNIGHT),
        1.0 - stream(seed, series, "high").random(n),
        1.0 - stream(seed, series, "low").random(n),
    )
    # open·exp(log(close/open)) may miss the close by one rounding, hence maximum and minimum.
    high = np.maximum(open_ * np.exp(up), np.maximum(open_, close))
    low = np.minimum(open_ * np.exp(down), np.minimum(open_, close))
    volume = _volume(truth, series, np.log(high / low) / (truth.volatility * day_share), after, seed)
    return as_traded(truth, Bars.build(series, event_time, open_, high, low, close, volume))


def volatility_of(truth: PlantedTruth, series: Series, event_time: np.ndarray, seed: int) -> np.ndarray:
    """The true standard deviation of each bar's log return, without jumps and pauses; float64, shape (n,).

    With GARCH it is the conditional one, h of Bollerslev (1986), Generalized autoregressive
    conditional heteroskedasticity, begun at its mean: h' = (1 - α - β)·σ² + α·r² + β·h.
    """
    n = len(event_time)
    base = truth.volatility * _day_share(series) * _regime_factor(truth, series, n, seed)
    base = np.where(is_after_drift(truth, event_time), base * truth.volatility_ratio, base)
    if truth.garch_alpha == 0.0 and truth.garch_beta == 0.0:
        return base
    # The sign of a return does not matter to its square, so the sizes alone drive the recursion.
    shocks = stream(seed, series, "size").standard_normal(n)
    return base * garch_factor(shocks, truth.garch_alpha, truth.garch_beta)


def hit_rate_of(truth: PlantedTruth, event_time: np.ndarray) -> np.ndarray:
    """The true probability, per bar, that its return has the sign of the planted statistic; float64, shape (n,)."""
    after = is_after_drift(truth, event_time)
    rate = np.where(after, truth.hit_rate_after, truth.hit_rate)
    if truth.half_life == 0:
        return rate
    return np.where(after, 0.5 + (rate - 0.5) * 0.5 ** (np.cumsum(after) / truth.half_life), rate)


def jumps_of(truth: PlantedTruth, series: Series, n: int, seed: int) -> np.ndarray:
    """The log price jump before the open of each bar, 0 where there is none; float64, shape (n,).

    A compound Poisson process (Merton, 1976, Option pricing when underlying stock returns are
    discontinuous), at most one jump per bar.
    """
    if truth.jumps_per_day == 0.0:
        return np.zeros(n)
    chance = -np.expm1(-truth.jumps_per_day * (series.timeframe.duration / timedelta(days=1)))
    happens = stream(seed, series, "jump").random(n) < chance
    return np.where(happens, truth.jump_size * stream(seed, series, "jump size").standard_normal(n), 0.0)


def actions_of(truth: PlantedTruth, bars: Bars) -> Actions:
    """The splits and dividends planted in traded daily bars; each takes effect at the date of its bar."""
    rows: list[tuple[int, str, float]] = []
    if truth.split_every:
        rows += [(at, ActionKind.SPLIT.value, truth.split_ratio) for at in _every(truth.split_every, len(bars))]
    if truth.dividend_every:
        rows += [
            (at, ActionKind.DIVIDEND.value, truth.dividend_yield * float(bars.close[at - 1]))
            for at in _every(truth.dividend_every, len(bars))
        ]
    rows.sort()
    at, kinds, values = ([row[column] for row in rows] for column in range(3))
    times = bars.event_time[np.array(at, dtype=np.int64)].astype("datetime64[D]")
    return Actions.build(bars.series.instrument_id, times, np.array(kinds, dtype="U8"), np.array(values, dtype=float))


def as_traded(truth: PlantedTruth, bars: Bars) -> Bars:
    """A clean path as its shares were traded: lower by what was split off and paid out until then."""
    if not truth.has_actions:
        return bars
    shares, paid = np.ones(len(bars)), np.ones(len(bars))
    if truth.split_every:
        shares[_every(truth.split_every, len(bars))] = truth.split_ratio
    if truth.dividend_every:
        paid[_every(truth.dividend_every, len(bars))] = 1.0 - truth.dividend_yield
    # Amounts are shares of the price before the day, and the day's split comes after its dividend.
    level = np.cumprod(paid / shares)
    arrays = dict(bars.arrays())
    for name in PRICES:
        arrays[name] = arrays[name] * level
    arrays["volume"] = bars.volume * np.cumprod(shares)
    return Bars(bars.series, **arrays)


def _every(n: int, length: int) -> np.ndarray:
    return np.arange(n, length, n)


def _day_share(series: Series) -> float:
    return float(np.sqrt(series.timeframe.duration / timedelta(days=1)))


def _pauses(
    truth: PlantedTruth, series: Series, event_time: np.ndarray, seed: int, calendar: SessionCalendar | None
) -> np.ndarray:
    """What happens between two sessions: as much variance as a fifth of a day, before the first bar of each."""
    n = len(event_time)
    if calendar is None or calendar.name == "24/7" or series.timeframe.duration >= timedelta(days=1):
        return np.zeros(n)
    session = calendar.session_of(event_time)
    begins = np.r_[False, session[1:] != session[:-1]]
    size = truth.volatility * np.sqrt(_OVERNIGHT) * stream(seed, series, "pause").standard_normal(n)
    return np.where(begins, size, 0.0)


@njit(cache=True)
def garch_factor(shocks: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """Conditional over unconditional standard deviation of a GARCH(1,1) driven by standard normal shocks."""
    factor = np.empty(len(shocks))
    h = 1.0
    for i in range(len(shocks)):
        factor[i] = np.sqrt(h)
        h = (1.0 - alpha - beta) + alpha * h * shocks[i] * shocks[i] + beta * h
    return factor


def regime_of(truth: PlantedTruth, series: Series, n: int, seed: int) -> np.ndarray:
    """The true regime of the first n bars: 0 calm, 1 turbulent; int64, shape (n,)."""
    switches = stream(seed, series, "regime").random(n) >= truth.stay
    return np.cumsum(switches) % 2


def _regime_factor(truth: PlantedTruth, series: Series, n: int, seed: int) -> np.ndarray:
    return np.where(regime_of(truth, series, n, seed) == 1, truth.turbulence, 1.0)


def is_after_drift(truth: PlantedTruth, event_time: np.ndarray) -> np.ndarray:
    """Bool per bar: what is planted after the drift holds."""
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
