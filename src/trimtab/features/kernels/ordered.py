"""Quantiles and rank of the newest value over the last 5, 10, 20, 30 and 60 rows; comparisons, so exact."""

from __future__ import annotations

import numpy as np

from trimtab.compiled import compiled
from trimtab.features.kernels.nested import WINDOWS


@compiled(error_model="numpy")
def nested_quantiles(values: np.ndarray, high: float, low: float) -> tuple[np.ndarray, np.ndarray]:
    """Two quantiles (shares of 1) of each window, linear between neighbours, both of shape (5, n).

    Source: Hyndman & Fan (1996), definition 7, as in numpy and pandas. NaN while a value is missing.

    >>> upper, lower = nested_quantiles(np.array([1.0, 3.0, 2.0]), 0.8, 0.25)
    >>> upper[0].tolist(), lower[0].tolist()
    ([1.0, 2.6, 2.6], [1.0, 1.5, 1.5])
    """
    upper, lower = np.empty((len(WINDOWS), len(values))), np.empty((len(WINDOWS), len(values)))
    for k in range(len(WINDOWS)):
        _window_quantiles(values, WINDOWS[k], high, low, upper[k], lower[k])
    return upper, lower


@compiled(error_model="numpy")
def _window_quantiles(
    values: np.ndarray, window: int, high: float, low: float, upper: np.ndarray, lower: np.ndarray
) -> None:
    """Keep the window sorted: the new value takes the place of the one that leaves and moves to its own."""
    ordered, last_missing = np.empty(window), -window
    for i in range(len(values)):
        if np.isnan(values[i]):
            last_missing = i
        count = min(i + 1, window)
        place = i if i < window else _first_at_least(ordered, _in_order(values[i - window]))
        _replace(ordered, count, place, _in_order(values[i]))
        complete = i - last_missing >= window
        upper[i] = _quantile(ordered, count, high) if complete else np.nan
        lower[i] = _quantile(ordered, count, low) if complete else np.nan


@compiled(error_model="numpy")
def _in_order(value: float) -> float:
    """A value that can be compared: a missing one stands behind all others until it leaves."""
    return np.inf if np.isnan(value) else value


@compiled(error_model="numpy")
def _first_at_least(ordered: np.ndarray, value: float) -> int:
    place, left = 0, len(ordered)
    while left > 0:
        half = left >> 1
        behind = ordered[place + half] < value
        place = place + half + 1 if behind else place
        left = left - half - 1 if behind else half
    return place


@compiled(error_model="numpy")
def _replace(ordered: np.ndarray, count: int, place: int, value: float) -> None:
    while place + 1 < count and ordered[place + 1] < value:
        ordered[place] = ordered[place + 1]
        place += 1
    while place > 0 and ordered[place - 1] > value:
        ordered[place] = ordered[place - 1]
        place -= 1
    ordered[place] = value


@compiled(error_model="numpy")
def _quantile(ordered: np.ndarray, count: int, share: float) -> float:
    at = share * (count - 1)
    below = int(at)
    part = at - below
    if part == 0.0:
        return ordered[below]
    return ordered[below] + (ordered[below + 1] - ordered[below]) * part


@compiled(error_model="numpy")
def nested_ranks(values: np.ndarray) -> np.ndarray:
    """Rank of the newest value in each window over its rows, ties averaged, above 0 and up to 1, shape (5, n).

    NaN while a value is missing.

    >>> nested_ranks(np.array([1.0, 3.0, 2.0, 2.0]))[0].tolist()
    [1.0, 1.0, 0.6666666666666666, 0.625]
    """
    n = len(values)
    ranks, beaten = np.empty((len(WINDOWS), n)), values - values  # zeros, and NaN where missing
    start = 1
    for k in range(len(WINDOWS)):
        window = WINDOWS[k]
        for lag in range(start, min(window, n)):
            _add_beaten(values[lag:], values[: n - lag], beaten[lag:])
        start = window
        out = ranks[k]
        for i in range(min(n, window)):
            out[i] = (0.5 * beaten[i] + 1.0) / (i + 1.0)
        for i in range(window, n):
            out[i] = (0.5 * beaten[i] + 1.0) / window
    return ranks


@compiled(error_model="numpy")
def _add_beaten(newest: np.ndarray, older: np.ndarray, beaten: np.ndarray) -> None:
    """Two for an older value below the newest one, one for an equal one: twice what average ranks count."""
    for i in range(len(newest)):
        apart = newest[i] - older[i]
        beaten[i] += (1.0 if apart > 0.0 else 0.0) + (1.0 if apart >= 0.0 else 0.0) + (0.0 * apart)
