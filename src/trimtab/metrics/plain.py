"""Results as JSON can hold them: numbers are numbers, unknown is null, times are ISO 8601 UTC."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """The same value in lists, dicts, strings and numbers; NaN, infinity and NaT become None.

    >>> plain({"sharpe": np.float64("nan"), "n": np.int64(3), "at": np.datetime64("2024-01-02T03:04:05", "us")})
    {'sharpe': None, 'n': 3, 'at': '2024-01-02T03:04:05Z'}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else _iso(value)
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in _ARRAYS:
        return _ARRAYS[value.dtype.kind](value)
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    number = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(number, float) and not math.isfinite(number) else number


def _iso(time: np.datetime64) -> str:
    whole = time == time.astype("datetime64[s]")
    return f"{np.datetime_as_string(time, unit='s' if whole else 'us')}Z"


def _numbers(values: np.ndarray) -> list[Any]:
    """As `plain` of each, a million at a time."""
    found: list[Any] = values.tolist()
    for place in np.flatnonzero(~np.isfinite(values)):
        found[place] = None
    return found


def _times(values: np.ndarray) -> list[Any]:
    """As `plain` of each: a time that is no whole second is written to the microsecond."""
    found: list[Any] = [f"{time}Z" for time in np.datetime_as_string(values, unit="s").tolist()]
    for place in np.flatnonzero(values != values.astype("datetime64[s]")):  # NaT is not equal to itself
        found[place] = plain(values[place])
    return found


def _as_they_are(values: np.ndarray) -> list[Any]:
    found: list[Any] = values.tolist()
    return found


_Listed = Callable[[np.ndarray], list[Any]]
_ARRAYS: Mapping[str, _Listed] = {"f": _numbers, "i": _as_they_are, "u": _as_they_are, "b": _as_they_are, "M": _times}
