"""Checks on the price level: other units, spikes, splits that nobody adjusted for.

All look at log returns of the adjusted close, so a split that `factor` accounts for is no jump.
"Usual" is a median and a median absolute deviation over the returns on both sides of a bar: a
crash that belongs to a turbulent time is usual there, and no check here removes a real one.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from trimtab.bars.checks.verdict import Finding, findings_at
from trimtab.bars.schema import Bars
from trimtab.config.quality import CheckLimits

# Ratios companies split by. 4:3 and 5:4 exist, but ordinary earnings days look like them.
_SPLITS = np.log([1.5, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50, 100])
_HUNDRED = np.log(100.0)
_MAD_TO_SIGMA = 1.4826
_LEAST_SIGMA = 1e-4  # where prices stand still the MAD is zero and everything would be far away


def check_units(bars: Bars, limits: CheckLimits) -> list[Finding]:
    """unit_error, quarantine: bars, or single prices of bars, 100 times too high or too low.

    A stretch is bounded by a jump of a factor 100 and a jump back, or is at most `unit_bars` long
    at either end of the bars. What never comes back and lasts longer is a new level (a reverse
    split, a redenomination) and is left to `unadjusted_split`.
    """
    unit = _other_unit(np.log(bars.close * bars.factor), limits)
    details = {}
    for row in np.flatnonzero(unit):
        details[int(row)] = (
            f"close {bars.close[row]:.10g} is about {'100 times' if unit[row] > 0 else '1/100 of'} the level around it"
        )
    for name in ("open", "high", "low"):
        distance = np.abs(np.abs(np.log(getattr(bars, name) / bars.close)) - _HUNDRED)
        for row in np.flatnonzero(distance < limits.unit_tolerance):
            details.setdefault(
                int(row),
                f"{name} {getattr(bars, name)[row]:.10g} and close {bars.close[row]:.10g} are a factor of about 100 apart",
            )
    rows = np.array(sorted(details), dtype=np.int64)
    return findings_at("unit_error", "quarantine", bars.event_time, rows, [details[int(row)] for row in rows])


def _other_unit(log_close: np.ndarray, limits: CheckLimits) -> np.ndarray:
    """Per bar: how many factors of 100 its close is away from the bars around it; 0 is right."""
    unit = np.zeros(len(log_close), np.int64)
    jumps = np.diff(log_close)
    at = np.flatnonzero(np.abs(np.abs(jumps) - _HUNDRED) < limits.unit_tolerance)
    if len(at) == 0:
        return unit
    # How many factors of 100 each bar is away from the first; the commonest number is the right one.
    offset = np.zeros(len(log_close), np.int64)
    offset[at + 1] = np.sign(jumps[at]).astype(np.int64)
    offset = np.cumsum(offset)
    numbers, counts = np.unique(offset, return_counts=True)
    right = numbers[np.argmax(counts)]
    edges = np.r_[0, at + 1, len(log_close)]
    for first, last in pairwise(edges):
        if offset[first] != right and _is_a_stretch(offset, first, last, limits):
            unit[first:last] = offset[first] - right
    return unit


def _is_a_stretch(offset: np.ndarray, first: int, last: int, limits: CheckLimits) -> bool:
    comes_back = first > 0 and last < len(offset) and offset[first - 1] == offset[last]
    at_an_end = last - first <= limits.unit_bars and 2 * (last - first) < len(offset)
    return bool(comes_back or at_an_end)


def check_jumps(bars: Bars, limits: CheckLimits) -> list[Finding]:
    """spike and unadjusted_split, warnings, on complete bars in order of time.

    A spike is a bar that leaves by `spike_sigmas` and `spike_return` and whose next bar returns.
    A suspected split jumps by a usual ratio, by more than `split_sigmas`, and stays there.
    """
    if len(bars) < 3:
        return []
    returns = np.diff(np.log(bars.close * bars.factor))
    spikes = _spikes(returns, limits)
    splits, ratios = _splits(bars, returns, limits)
    return [
        *findings_at("spike", "warning", bars.event_time, spikes + 1, [_say_spike(returns[at]) for at in spikes]),
        *findings_at(
            "unadjusted_split", "warning", bars.event_time, splits + 1,
            [_say_split(bars, int(at), ratio) for at, ratio in zip(splits, ratios, strict=True)],
        ),
    ]  # fmt: skip


def _spikes(returns: np.ndarray, limits: CheckLimits) -> np.ndarray:
    out, back = returns[:-1], returns[1:]
    returned = (np.abs(out + back) < limits.spike_reversal * np.abs(out)) & (np.abs(out) > limits.spike_return)
    at = np.flatnonzero(returned)
    if len(at) == 0:
        return at
    median, sigma = usual_returns(returns, at, limits.window)
    spikes: np.ndarray = at[np.abs(out[at] - median) > limits.spike_sigmas * sigma]
    return spikes


def _splits(bars: Bars, returns: np.ndarray, limits: CheckLimits) -> tuple[np.ndarray, np.ndarray]:
    at = np.flatnonzero(np.abs(returns) > _SPLITS[0] - limits.split_tolerance)
    if len(at) == 0:
        return at, np.empty(0)
    median, sigma = usual_returns(returns, at, limits.window)
    # A split happens between a close and the next open, so the open must have jumped as well.
    opened = np.log(bars.open[at + 1] * bars.factor[at + 1]) - np.log(bars.close[at] * bars.factor[at])
    distance = np.abs(np.abs(opened)[:, None] - _SPLITS[None, :])
    nearest = distance.argmin(axis=1)
    close_to_one = distance[np.arange(len(at)), nearest] < limits.split_tolerance + sigma
    far = np.abs(returns[at] - median) > limits.split_sigmas * sigma
    same_way = np.abs(returns[at] - opened) < np.maximum(6 * sigma, limits.split_tolerance)
    found = close_to_one & far & same_way & _stays(bars, at)
    return at[found], np.exp(_SPLITS[nearest[found]])


def _stays(bars: Bars, at: np.ndarray, n: int = 5) -> np.ndarray:
    """Whether the level of the next bars is nearer to the bar after a jump than to that before."""
    level = np.log(bars.close * bars.factor)
    after = np.array([np.median(level[row + 1 : row + 1 + n]) for row in at])
    before = np.array([np.median(level[max(row + 1 - n, 0) : row + 1]) for row in at])
    stays: np.ndarray = np.abs(after - before) > 0.5 * np.abs(level[at + 1] - level[at])
    return stays


def usual_returns(returns: np.ndarray, at: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Median and robust sigma (1.4826 · MAD) of the returns around some positions.

    `window` returns on either side, the position and its neighbours left out, so that a jump
    and its reversal do not hide themselves. Shape of both: one number per position.
    """
    offsets = np.r_[-window - 1 : -1, 2 : window + 2]
    index = at[:, None] + offsets[None, :]
    inside = (index >= 0) & (index < len(returns))
    around = np.where(inside, returns[np.clip(index, 0, len(returns) - 1)], np.nan)
    known = inside.any(axis=1)
    around[~known] = 0.0  # too short to say what is usual: the least sigma decides
    median = np.nanmedian(around, axis=1)
    sigma = _MAD_TO_SIGMA * np.nanmedian(np.abs(around - median[:, None]), axis=1)
    return median, np.maximum(sigma, _LEAST_SIGMA)


def _say_spike(log_return: float) -> str:
    return f"adjusted close moved by {np.expm1(log_return):+.1%} and came back at the next bar"


def _say_split(bars: Bars, at: int, ratio: float) -> str:
    before, after = bars.close[at] * bars.factor[at], bars.close[at + 1] * bars.factor[at + 1]
    kind = "split" if after < before else "reverse split"
    return f"adjusted close went from {before:.10g} to {after:.10g}, about a {ratio:g}-for-1 {kind} that the factor does not account for"
