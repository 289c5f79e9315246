"""Splits a source tells of: where one is, the adjusted price must not jump by its ratio."""

from __future__ import annotations

import numpy as np

from trimtab.bars.actions.schema import ActionKind, Actions
from trimtab.bars.checks.moves import Moves, moves_at
from trimtab.bars.checks.verdict import Finding, findings_at
from trimtab.bars.schema import Bars
from trimtab.config.quality import CheckLimits

_NEIGHBOURS = 3  # sources put the bars of a botched split up to this far from its date
_LEAST_RATIO = 0.05  # a stock dividend of less is lost among ordinary returns


def check_told_splits(bars: Bars, actions: Actions, limits: CheckLimits) -> list[Finding]:
    """unadjusted_split, a warning: bars beside a told split that lie at another split level.

    The jump may go either way: a split applied to a bar twice looks like one not applied, turned
    round. Bars that leave and come back are all named.
    """
    splits = actions.take((actions.kind == ActionKind.SPLIT) & np.isfinite(actions.value) & (actions.value > 0))
    found: list[Finding] = []
    for ex_time, ratio in zip(splits.ex_time, splits.value, strict=True):
        size = abs(float(np.log(ratio)))
        if size > _LEAST_RATIO:
            found += _beside(bars, ex_time, float(ratio), limits)
    return found


def _beside(bars: Bars, ex_time: np.datetime64, ratio: float, limits: CheckLimits) -> list[Finding]:
    row = int(np.searchsorted(bars.event_time, ex_time))
    at = np.arange(max(row - 1 - _NEIGHBOURS, 0), min(row + _NEIGHBOURS, len(bars) - 1))
    moves = moves_at(bars, at, limits)
    jumps = moves.take(_looks_like(moves, abs(float(np.log(ratio))), limits))
    if len(jumps) == 0:
        return []
    first = int(jumps.at[0]) + 1
    comes_back = jumps.at[jumps.size * jumps.size[0] < 0]
    rows = np.arange(first, int(comes_back[0]) + 1 if len(comes_back) else first + 1)
    detail = (
        f"beside the split of {ratio:g} told for {str(ex_time)[:10]} the adjusted close moved by "
        f"{np.expm1(jumps.size[0]):+.1%}: applied twice or not at all"
    )
    return findings_at("unadjusted_split", "warning", bars.event_time, rows, detail)


def _looks_like(moves: Moves, size: float, limits: CheckLimits) -> np.ndarray:
    # The smaller the split, the nearer a move must be to it: half of a small one is ordinary.
    tolerance = np.minimum(limits.split_tolerance + moves.sigma, size / 2)
    near = np.abs(np.abs(moves.size) - size) < tolerance
    looks: np.ndarray = near & moves.is_of_price & (moves.sigmas > limits.split_told_sigmas)
    return looks
