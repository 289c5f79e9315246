"""How a model did in times that people remember: named crises, where its forecasts reach them.

A period that the forecasts do not reach is listed all the same: silence about 2020 must not be taken for calm.
Dates are calendar days in UTC, both included.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from trimtab.datasets.schema import Task
from trimtab.metrics.trading import max_drawdown, total_return
from trimtab.validation.mean_interval import mean_interval
from trimtab.validation.scoring import is_right
from trimtab.validation.walk_forward import OutOfSample


@dataclass(frozen=True)
class StressPeriod:
    """A stretch of market history with a name."""

    name: str
    start: date
    end: date


PERIODS = (
    StressPeriod("financial crisis 2008", date(2008, 9, 1), date(2009, 3, 31)),
    StressPeriod("flash crash May 2010", date(2010, 5, 1), date(2010, 5, 31)),
    StressPeriod("debt crisis August 2011", date(2011, 8, 1), date(2011, 8, 31)),
    StressPeriod("renminbi devaluation August 2015", date(2015, 8, 1), date(2015, 8, 31)),
    StressPeriod("crypto decline 2018", date(2018, 1, 1), date(2018, 12, 31)),
    StressPeriod("sell-off at the end of 2018", date(2018, 10, 1), date(2018, 12, 31)),
    StressPeriod("pandemic crash 2020", date(2020, 2, 20), date(2020, 4, 30)),
    StressPeriod("collapse of Terra May 2022", date(2022, 5, 1), date(2022, 6, 30)),
    StressPeriod("collapse of FTX November 2022", date(2022, 11, 1), date(2022, 11, 30)),
)


@dataclass(frozen=True)
class StressResult:
    """What happened to the forecasts and the account in one period.

    Attributes
    ----------
    period, start, end: name and first and last day (ISO).
    n, n_times: forecasts decided in it, and distinct decision times.
    accuracy, low, high: share said right, 95 % interval; NaN without forecasts, or without 20 decision times.
    total_return, max_drawdown: of the backtest's bars within it, after costs; the drawdown is not positive. NaN
        where the account has no bar.
    note: how far the period is reached; "" where it is covered.
    """

    period: str
    start: str
    end: str
    n: int
    n_times: int
    accuracy: float
    low: float
    high: float
    total_return: float
    max_drawdown: float
    note: str


def stress_results(
    task: Task,
    samples: OutOfSample,
    time: np.ndarray,
    equity_time: np.ndarray,
    equity: np.ndarray,
    *,
    seed: int,
    start: float | None = None,
    periods: tuple[StressPeriod, ...] = PERIODS,
) -> tuple[StressResult, ...]:
    """Accuracy, return and drawdown in each period; `time` is of decision, shape (m,), `equity` per bar, shape (n,).

    `start` is what the account held before its first bar; without it the return of that bar is unknown and counts as
    none.
    """
    right = is_right(task, samples.target, samples.value)
    returns = np.diff(equity, prepend=equity[:1]) / np.r_[equity[:1], equity[:-1]]
    if start is not None:
        returns[:1] = equity[:1] / start - 1.0
    return tuple(_result(period, right, time, equity_time, returns, seed) for period in periods)


def _result(
    period: StressPeriod, right: np.ndarray, time: np.ndarray, equity_time: np.ndarray, returns: np.ndarray, seed: int
) -> StressResult:
    decided, held = _within(time, period) & ~np.isnan(right), _within(equity_time, period)
    found = mean_interval(right[decided], time[decided], seed=seed)
    earned = returns[held]
    return StressResult(
        period=period.name,
        start=period.start.isoformat(),
        end=period.end.isoformat(),
        n=int(decided.sum()),
        n_times=found.n_times,
        accuracy=found.value,
        low=found.low,
        high=found.high,
        total_return=total_return(earned) if len(earned) else float("nan"),
        max_drawdown=max_drawdown(earned) if len(earned) else float("nan"),
        note=_note(period, time),
    )


def _within(time: np.ndarray, period: StressPeriod) -> np.ndarray:
    day = time.astype("datetime64[D]")
    inside: np.ndarray = (day >= np.datetime64(period.start)) & (day <= np.datetime64(period.end))
    return inside


def _note(period: StressPeriod, time: np.ndarray) -> str:
    """How far the forecasts reach the period, in words."""
    if not len(time):
        return "not reached: there are no forecasts"
    first, last = (each.astype("datetime64[D]").astype(date) for each in (time.min(), time.max()))
    if last < period.start or first > period.end:
        return f"not reached: forecasts run from {first} to {last}"
    if not _within(time, period).any():
        return "not reached: no forecast was made within it"
    if first > period.start or last < period.end:
        return f"reached in part: forecasts run from {first} to {last}"
    return ""
