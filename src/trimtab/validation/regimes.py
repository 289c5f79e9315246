"""In which kind of market is a model good? Regimes known at the decision, and accuracy within each.

A regime is read from bars that were known when the forecast was made: never from the bars it forecasts,
so a person who deploys the model can see which regime holds today.

- **Volatility**: standard deviation of the last 20 log returns, ranked among its last 252 values: the lowest
  third of these is "low", the highest "high". Against its own last year, because what is calm in one decade is
  wild in another.
- **Trend**: the log return of the last 60 bars over the standard deviation of a sum of 60 such returns; above
  0.5 "up", below -0.5 "down". A random walk without drift is "sideways" in 38 of 100 cases.

Both windows are counted in bars of the series.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from trimtab.datasets.schema import Task
from trimtab.metrics.forecast import information_coefficient
from trimtab.validation.mean_interval import mean_interval
from trimtab.validation.scoring import is_right
from trimtab.validation.walk_forward import OutOfSample

Kind = Literal["volatility", "trend"]
NAMES: dict[Kind, tuple[str, str, str]] = {"volatility": ("low", "middle", "high"), "trend": ("down", "sideways", "up")}
UNKNOWN = -1
VOLATILITY_BARS, RANKED_BARS, TREND_BARS, TREND_LIMIT = 20, 252, 60, 0.5
MIN_FORECASTS, MIN_TIMES = 100, 20  # below, a regime is shown and not judged
_CHUNK = 4096  # rows of the ranked window held at once


@dataclass(frozen=True)
class Regimes:
    """The regime at the close of each bar of a series; n bars.

    Attributes
    ----------
    known_time: when each bar was known, datetime64[us], increasing.
    volatility, trend: int8, shape (n,): position in `NAMES`, -1 where the history is too short.
    """

    known_time: np.ndarray
    volatility: np.ndarray
    trend: np.ndarray

    def at(self, kind: Kind, time: np.ndarray) -> np.ndarray:
        """The regime last known at some times (a bar known exactly then counts); int8, -1 before the first, and
        everywhere where the series has no bar."""
        codes: np.ndarray = getattr(self, kind)
        if not len(codes):
            return np.full(len(time), UNKNOWN, np.int8)
        position = np.searchsorted(self.known_time, time, side="right") - 1
        return np.where(position < 0, UNKNOWN, codes[np.maximum(position, 0)]).astype(np.int8)


@dataclass(frozen=True)
class RegimePerformance:
    """How forecasts did in one regime.

    Attributes
    ----------
    kind, regime: such as "volatility" and "high".
    n, n_times: forecasts, and distinct decision times among them.
    accuracy, low, high: share said right with its 95 % interval (`mean_interval`); in regression of the direction.
    baseline_accuracy: of the dataset's naive forecast on the same rows; majority_accuracy of the training majority.
    base_rate: share of class 1, or of targets above zero.
    information_coefficient: Pearson, over all forecasts of the regime.
    mean_return: mean return per bar of the strategy's backtest in it, after costs; NaN where nobody gave it.
    is_judged: whether there are at least 100 forecasts at 20 decision times.
    """

    kind: Kind
    regime: str
    n: int
    n_times: int
    accuracy: float
    low: float
    high: float
    baseline_accuracy: float
    majority_accuracy: float
    base_rate: float
    information_coefficient: float
    mean_return: float
    is_judged: bool


def market_regimes(known_time: np.ndarray, close: np.ndarray) -> Regimes:
    """The regimes of a series of adjusted closes, both of shape (n,); bars without a positive close are left out.

    >>> calm, wild = np.full(300, 0.001), np.full(40, 0.05)
    >>> moves = np.concatenate([calm, wild]) * np.tile([1.0, -1.0], 170)
    >>> found = market_regimes(np.arange(340), np.exp(np.cumsum(moves)))
    >>> NAMES["volatility"][found.volatility[-1]], NAMES["trend"][found.trend[-1]]
    ('high', 'sideways')
    """
    priced = np.isfinite(close) & (close > 0.0)
    returns = np.diff(np.log(close[priced]), prepend=np.nan)
    return Regimes(known_time[priced], _volatility_regime(returns), _trend_regime(returns))


def performance_by_regime(
    task: Task,
    samples: OutOfSample,
    time: np.ndarray,
    kind: Kind,
    codes: np.ndarray,
    *,
    seed: int,
    mean_returns: dict[str, float] | None = None,
) -> tuple[RegimePerformance, ...]:
    """Performance in each regime of one kind, in the order of `NAMES`; regimes without a forecast are left out.

    `time` (of decision) and `codes` belong to the forecasts, shape (m,); forecasts whose regime is unknown count
    nowhere. `mean_returns` is the backtest's mean return per bar by regime (`mean_return_by_regime`).
    """
    right, naive, majority = (
        is_right(task, samples.target, said) for said in (samples.value, samples.baseline, samples.majority)
    )

    def of(number: int, name: str) -> RegimePerformance:
        rows = (codes == number) & ~np.isnan(right)
        found = mean_interval(right[rows], time[rows], seed=seed)
        n = int(rows.sum())
        return RegimePerformance(
            kind=kind,
            regime=name,
            n=n,
            n_times=found.n_times,
            accuracy=found.value,
            low=found.low,
            high=found.high,
            baseline_accuracy=_mean(naive[rows]),
            majority_accuracy=_mean(majority[rows]),
            base_rate=_mean((samples.target[rows] > 0.0).astype(np.float64)),
            information_coefficient=information_coefficient(samples.value[rows], samples.target[rows]),
            mean_return=(mean_returns or {}).get(name, float("nan")),
            is_judged=n >= MIN_FORECASTS and found.n_times >= MIN_TIMES,
        )

    return tuple(each for each in (of(number, name) for number, name in enumerate(NAMES[kind])) if each.n)


def mean_return_by_regime(kind: Kind, codes: np.ndarray, returns: np.ndarray) -> dict[str, float]:
    """Mean of returns per bar by the regime known when each bar began; both of shape (n,).

    >>> mean_return_by_regime("trend", np.array([0, 2, 2]), np.array([-0.1, 0.1, 0.3]))
    {'down': -0.1, 'up': 0.2}
    """
    found = {name: returns[codes == number] for number, name in enumerate(NAMES[kind])}
    return {name: float(values.mean()) for name, values in found.items() if len(values)}


def worst_regime(found: tuple[RegimePerformance, ...]) -> RegimePerformance | None:
    """The regime of the lowest accuracy among those with enough forecasts; None where none has."""
    return min((each for each in found if each.is_judged), key=lambda each: each.accuracy, default=None)


def why_none_is_worst(found: tuple[RegimePerformance, ...]) -> str:
    """Why `worst_regime` is None, for a person; empty where it is not.

    >>> why_none_is_worst(())
    'no forecast was made in a known regime; one is judged with 100 forecasts at 20 decision times'
    """
    needed = f"{MIN_FORECASTS} forecasts at {MIN_TIMES} decision times"
    if worst_regime(found) is not None:
        return ""
    if not found:
        return f"no forecast was made in a known regime; one is judged with {needed}"
    fullest = max(found, key=lambda each: each.n)
    return (
        f"no regime has {needed}; the fullest, {fullest.kind}: {fullest.regime}, has {fullest.n} at {fullest.n_times}"
    )


def _volatility_regime(returns: np.ndarray) -> np.ndarray:
    volatility = _rolling_std(returns, VOLATILITY_BARS)
    codes = np.full(len(returns), UNKNOWN, np.int8)
    first = VOLATILITY_BARS + RANKED_BARS - 1  # the first bar with a whole year of values behind it
    if len(returns) <= first:
        return codes
    windows = np.lib.stride_tricks.sliding_window_view(volatility[VOLATILITY_BARS:], RANKED_BARS)
    for start in range(0, len(windows), _CHUNK):
        part = windows[start : start + _CHUNK]
        own = part[:, -1:]
        rank = ((part < own).sum(axis=1) + (part <= own).sum(axis=1)) / (2.0 * RANKED_BARS)  # ties half, itself half
        codes[first + start : first + start + len(part)] = np.digitize(rank, [1.0 / 3.0, 2.0 / 3.0])
    return codes


def _trend_regime(returns: np.ndarray) -> np.ndarray:
    deviation = _rolling_std(returns, TREND_BARS) * np.sqrt(TREND_BARS)
    total = _rolling_sum(returns, TREND_BARS)
    steady = np.select([total > 0.0, total < 0.0], [np.inf, -np.inf], 0.0)  # every return the same
    strength = np.divide(total, deviation, out=steady, where=deviation > 0.0)
    codes = np.select([strength > TREND_LIMIT, strength < -TREND_LIMIT], [2, 0], 1)
    return np.where(np.isnan(total), UNKNOWN, codes).astype(np.int8)


def _rolling_sum(values: np.ndarray, length: int) -> np.ndarray:
    """Sum of the last `length` values, NaN until there are so many; the first value (no return) is none."""
    out = np.full(len(values), np.nan)
    if len(values) > length:
        out[length:] = np.lib.stride_tricks.sliding_window_view(values[1:], length).sum(axis=1)
    return out


def _rolling_std(values: np.ndarray, length: int) -> np.ndarray:
    """Standard deviation (ddof 1) of the last `length` values, NaN until there are so many."""
    out = np.full(len(values), np.nan)
    if len(values) > length:
        out[length:] = np.lib.stride_tricks.sliding_window_view(values[1:], length).std(axis=1, ddof=1)
    return out


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
