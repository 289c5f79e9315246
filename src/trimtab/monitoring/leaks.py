"""Leaks that features cannot have: a label that sees past its own end, a fold that trains on its test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trimtab.bars import Bars
from trimtab.config.strategy import Label
from trimtab.datasets import Dataset
from trimtab.labels import LabelBlock
from trimtab.labels.compute import compute_label
from trimtab.validation.folds import Fold


def audit_label(bars: Bars, label: Label, horizon: int, *, seed: int, cuts: int = 3) -> bool:
    """Whether a label or its naive forecast sees further than it may.

    At several cuts the bars after the cut are scrambled or removed. A label whose interval ends at
    the cut or before must keep its value bit for bit, and so must every naive forecast made there.
    """
    whole = compute_label(bars, label, horizon)
    rng = np.random.default_rng(seed)
    for cut in np.linspace(len(bars) // 3, len(bars) - 1, cuts).astype(int):
        scrambled = compute_label(_scrambled(bars, cut, rng), label, horizon)
        removed = compute_label(bars.take(slice(0, cut)), label, horizon)
        if _differs(whole, scrambled, cut, horizon) or _differs(whole, removed, cut, horizon):
            return True
    return False


def audit_folds(dataset: Dataset, folds: Sequence[Fold]) -> tuple[str, ...]:
    """Names of the walk-forward folds that train on a label not realised before their first test decision."""
    leaking = []
    for fold in folds:
        first_decision = dataset.decision_time[fold.test].min()
        # A row that is also tested is caught too: its label ends after the decision it is tested on.
        if (dataset.label_end[fold.train] > first_decision).any():
            leaking.append(fold.name)
    return tuple(leaking)


def _scrambled(bars: Bars, cut: int, rng: np.random.Generator) -> Bars:
    after = np.arange(len(bars)) >= cut
    noise = np.exp(rng.normal(0.0, 0.2, len(bars)))
    changed = {
        name: np.where(after, getattr(bars, name) * noise, getattr(bars, name))
        for name in ("open", "high", "low", "close")
    }
    return replace(bars, **changed)


def _differs(whole: LabelBlock, other: LabelBlock, cut: int, horizon: int) -> bool:
    ended = max(cut - horizon, 0)
    same_value = np.array_equal(whole.value[:ended], other.value[:ended], equal_nan=True)
    return not (same_value and np.array_equal(whole.baseline[:cut], other.baseline[:cut], equal_nan=True))
