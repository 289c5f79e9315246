"""Checks on the price level: spikes, splits that nobody adjusted for, jumps nothing explains.

All look at log returns of the adjusted close, so a split that `factor` accounts for is no jump.
All are warnings: a price that moved too far can be true.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from trimtab.bars.actions.schema import Actions
from trimtab.bars.checks.moves import Moves, large_moves, stays
from trimtab.bars.checks.told_splits import check_told_splits
from trimtab.bars.checks.usual import median_of_rows, rows_at
from trimtab.bars.checks.verdict import Finding, findings_at
from trimtab.bars.schema import Bars
from trimtab.config.quality import CheckLimits

# Ratios companies split by. 4:3 and 5:4 exist, but ordinary earnings days look like them.
SPLITS = np.log([1.5, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50, 100])
_VOLUME_BARS = 20
_LEAST_STRETCH = 2.0  # two pieces of news within weeks make a stretch at 3:2


def check_jumps(bars: Bars, limits: CheckLimits, actions: Actions | None = None) -> list[Finding]:
    """spike, unadjusted_split and unexplained_jump, on complete bars in order of time.

    A spike is a bar that leaves by `spike_sigmas` and `spike_return` and whose next bar returns.
    A suspected split jumps by a usual ratio, by more than `split_sigmas`, and stays there, or
    comes back by the same ratio within `stretch_bars`; beside a told split less is enough. An
    unexplained jump is larger than `jump_return` and `jump_sigmas`, happens between two bars and
    stays: a spin-off, a grafted history, another share class, or news.
    """
    if len(bars) < 3:
        return []
    least = min(limits.jump_return, SPLITS[0] - limits.split_tolerance)
    moves = large_moves(bars, min(limits.spike_return, least), limits)
    told = check_told_splits(bars, actions, limits) if actions is not None else []
    strangers = moves.take((np.abs(moves.size) > least) & moves.is_of_price & _between_bars(moves))
    stretches, ends = _stretches(bars, strangers, limits)
    lasting = strangers.take(~np.isin(strangers.at, ends))
    lasting = lasting.take(stays(bars, lasting))
    splits, is_split = _splits(bars, lasting, limits)
    found = [*told, *_spikes(bars, moves, limits), *stretches, *splits]
    found += _unexplained(bars, lasting.take(~is_split), limits)
    return _one_per_bar(found)


def _one_per_bar(findings: list[Finding]) -> list[Finding]:
    """The first finding of each bar: what is explained best comes first."""
    first: dict[int, Finding] = {}
    for finding in findings:
        first.setdefault(finding.index, finding)
    return list(first.values())


def _between_bars(moves: Moves) -> np.ndarray:
    """Bool: at least half of the move had happened by the open."""
    between: np.ndarray = moves.opened * np.sign(moves.size) >= np.abs(moves.size) / 2
    return between


def _spikes(bars: Bars, moves: Moves, limits: CheckLimits) -> list[Finding]:
    level = np.log(bars.close * bars.factor)
    moves = moves.take((moves.at + 2 < len(bars)) & (np.abs(moves.size) > limits.spike_return))
    remains = np.abs(level[moves.at + 2] - level[moves.at])
    returned = remains < limits.spike_reversal * np.abs(moves.size)
    spikes = moves.take(returned & (moves.sigmas > limits.spike_sigmas))
    details = [f"adjusted close moved by {np.expm1(size):+.1%} and came back at the next bar" for size in spikes.size]
    return findings_at("spike", "warning", bars.event_time, spikes.at + 1, details)


def _stretches(bars: Bars, moves: Moves, limits: CheckLimits) -> tuple[list[Finding], list[int]]:
    """Stretches at another split level that come back: their findings, and the `at` of both their ends."""
    nearest, distance = _nearest_split(moves.size)
    near = (nearest >= _LEAST_STRETCH) & (distance < limits.split_tolerance + moves.sigma)
    moves = moves.take(near & (moves.sigmas > limits.split_sigmas))
    found: list[Finding] = []
    ends: list[int] = []
    for out, back in pairwise(range(len(moves))):
        first, last = int(moves.at[out]) + 1, int(moves.at[back]) + 1
        left_over = abs(moves.size[out] + moves.size[back])
        if not 1 < last - first <= limits.stretch_bars or left_over > limits.spike_reversal * abs(moves.size[out]):
            continue
        detail = f"one of {last - first} bars at {np.exp(moves.size[out]):.4g} times the level before and after them"
        rows = np.arange(first, last)
        found += findings_at("unadjusted_split", "warning", bars.event_time, rows, detail)
        ends += [first - 1, last - 1]
    return found, ends


def _splits(bars: Bars, moves: Moves, limits: CheckLimits) -> tuple[list[Finding], np.ndarray]:
    """Jumps by a usual ratio: their findings, and which of the moves they are."""
    nearest, distance = _nearest_split(moves.opened)
    # A split happens between a close and the next open, so the open must have jumped by as much.
    same_way = np.abs(moves.size - moves.opened) < np.maximum(6 * moves.sigma, limits.split_tolerance)
    is_split = same_way & (distance < limits.split_tolerance + moves.sigma)
    agrees = _volume_agrees(bars, moves)
    is_split &= moves.sigmas > np.where(agrees, limits.split_volume_sigmas, limits.split_sigmas)
    details = [
        _say_split(bars, int(at), ratio, volume)
        for at, ratio, volume in zip(moves.at[is_split], nearest[is_split], agrees[is_split], strict=True)
    ]
    return findings_at("unadjusted_split", "warning", bars.event_time, moves.at[is_split] + 1, details), is_split


def _nearest_split(size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The usual ratio nearest to each move, as a ratio, and the log distance to it."""
    distance = np.abs(np.abs(size)[:, None] - SPLITS[None, :])
    nearest = distance.argmin(axis=1)
    return np.exp(SPLITS[nearest]), distance[np.arange(len(size)), nearest]


def _volume_agrees(bars: Bars, moves: Moves) -> np.ndarray:
    """Bool: volume changed the other way by about as much as the price, as in a split."""
    volume = bars.volume / bars.factor
    before = median_of_rows(rows_at(volume, moves.at, np.arange(1 - _VOLUME_BARS, 1)))
    after = median_of_rows(rows_at(volume, moves.at, np.arange(1, 1 + _VOLUME_BARS)))
    traded = (before > 0) & (after > 0)
    change = np.log(np.divide(after, before, out=np.ones(len(moves)), where=traded))
    agrees: np.ndarray = traded & (np.abs(change + moves.size) < np.abs(moves.size) / 2)
    return agrees


def _say_split(bars: Bars, at: int, ratio: float, volume_agrees: bool) -> str:
    before, after = bars.close[at] * bars.factor[at], bars.close[at + 1] * bars.factor[at + 1]
    kind = "split" if after < before else "reverse split"
    evidence = "; volume changed to match" if volume_agrees else ""
    return (
        f"adjusted close went from {before:.10g} to {after:.10g}, about a {ratio:g}-for-1 {kind} "
        f"that the factor does not account for{evidence}"
    )


def _unexplained(bars: Bars, moves: Moves, limits: CheckLimits) -> list[Finding]:
    jumps = moves.take((np.abs(moves.size) > limits.jump_return) & (moves.sigmas > limits.jump_sigmas))
    details = [
        f"adjusted close moved by {np.expm1(size):+.1%} ({sigmas:.0f} sigmas) between two bars and stayed; "
        "no split explains it"
        for size, sigmas in zip(jumps.size, jumps.sigmas, strict=True)
    ]
    return findings_at("unexplained_jump", "warning", bars.event_time, jumps.at + 1, details)
