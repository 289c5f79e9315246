"""Leaks that features cannot have: in labels, in folds, and in the samples that a dataset is made of.

A label may see past its own end, a fold may train on its test, a sample may have a label that begins before
its decision, or numbers that depend on other instruments. Each audit has leaks planted for it in its tests,
and that of labels also on the very bars it is made on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from trimtab.bars import Bars
from trimtab.config.strategy import Label
from trimtab.datasets import Dataset
from trimtab.datasets.build import MIN_SAMPLES, SeriesSamples, build_dataset
from trimtab.errors import NotEnoughDataError
from trimtab.features.leaks import CanaryFinding, World, changed_futures
from trimtab.labels import LabelBlock
from trimtab.labels.compute import compute_label
from trimtab.validation.folds import Fold

Labelling = Callable[[Bars, Label, int], LabelBlock]


@dataclass(frozen=True)
class LabelFinding:
    """What was found for one label and its naive forecast.

    Attributes
    ----------
    kind, horizon: which label.
    outcome: "passed"; "leaks"; or "unchecked" when no label had ended before a cut, or a leak planted on
        purpose went unnoticed.
    values_compared: labels and naive forecasts (not NaN) that were compared, over all cuts and futures.
    canaries: whether labels that see further on purpose were caught on these bars.
    future: what had been done to the future when something changed, None unless it leaks.
    """

    kind: str
    horizon: int
    outcome: Literal["passed", "leaks", "unchecked"]
    values_compared: int
    canaries: tuple[CanaryFinding, ...] = ()
    future: str | None = None


def audit_label(bars: Bars, label: Label, horizon: int, *, seed: int, cuts: int = 3) -> LabelFinding:
    """Whether a label or its naive forecast sees further than it may.

    At several cuts the bars after the cut are removed, replaced with other prices, or with NaN. A label
    whose interval ends at the cut or before must keep value and end bit for bit, and so must every naive
    forecast made there. Labels that look one bar too far, and a naive forecast that knows the answer,
    are audited the same way and must be caught.
    """
    compared, future = _changed(compute_label, bars, label, horizon, seed, cuts)
    planted = tuple(
        CanaryFinding(name, "label", _changed(cheat, bars, label, horizon, seed, cuts)[1] is not None)
        for name, cheat in CHEATS.items()
    )
    outcome: Literal["passed", "leaks", "unchecked"] = "passed"
    if future is not None:
        outcome = "leaks"
    elif not compared or not all(each.caught for each in planted):
        outcome = "unchecked"
    return LabelFinding(label.kind, horizon, outcome, compared, planted, future)


def audit_folds(dataset: Dataset, folds: Sequence[Fold]) -> tuple[str, ...]:
    """Names of the walk-forward folds that train on a label not realised before their first test decision."""
    leaking = []
    for fold in folds:
        first_decision = dataset.decision_time[fold.test].min()
        # A row that is also tested is caught too: its label ends after the decision it is tested on.
        if (dataset.label_end[fold.train] > first_decision).any():
            leaking.append(fold.name)
    return tuple(leaking)


def audit_order(dataset: Dataset) -> int:
    """How many samples have a label that begins before its decision or does not end after it."""
    early = dataset.label_start < dataset.decision_time
    return int((early | ~(dataset.label_end > dataset.decision_time)).sum())


def is_same_alone(dataset: Dataset, instrument_id: str, alone: SeriesSamples) -> bool:
    """Whether the samples of an instrument are the same beside the other instruments as alone.

    `alone` are its features and labels, computed from nothing but its own bars and what its features
    declare. Which bars are samples, their features, targets, naive forecasts and times must be equal.
    Weights are 1 on average over all samples together, so of these only the proportions within the
    instrument are compared, to 1e-12.
    """
    own = dataset.take(np.flatnonzero(dataset.instrument == dataset.instruments.index(instrument_id)))
    # A dataset refuses to be small; an instrument with few samples stands beside copies of itself.
    copies = 1 if len(own) >= MIN_SAMPLES else MIN_SAMPLES
    try:
        made = build_dataset([alone] * copies)
    except NotEnoughDataError:
        return len(own) == 0
    made = made.take(np.flatnonzero(made.instrument == 0))
    arrays = dict(made.arrays())
    return all(_same(name, array, arrays[name]) for name, array in own.arrays())


def _same(name: str, one: np.ndarray, other: np.ndarray) -> bool:
    if name == "instrument":
        return True
    if name == "weight":
        return bool(np.allclose(one / one.mean(), other / other.mean(), rtol=1e-12, atol=0.0)) if len(one) else True
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def _changed(
    labelling: Labelling, bars: Bars, label: Label, horizon: int, seed: int, cuts: int
) -> tuple[int, str | None]:
    """How many values were compared, and what was done to the future when one of them changed first."""
    whole = labelling(bars, label, horizon)
    generator, compared = np.random.default_rng(seed), 0
    for cut in np.unique(np.linspace(len(bars) // 3, len(bars) - 1, cuts).astype(int)):
        if cut < 1:
            continue
        ended = whole.label_end[:cut] <= whole.label_start[cut - 1]  # NaT has not ended
        for future, world in changed_futures(World(bars), int(cut), generator):
            with np.errstate(all="ignore"):
                other = labelling(world.bars, label, horizon)
            compared += int((~np.isnan(whole.value[:cut][ended])).sum() + (~np.isnan(whole.baseline[:cut])).sum())
            if _differs(whole, other, int(cut), ended):
                return compared, future
    return compared, None


def _differs(whole: LabelBlock, other: LabelBlock, cut: int, ended: np.ndarray) -> bool:
    return not (
        np.array_equal(whole.value[:cut][ended], other.value[:cut][ended], equal_nan=True)
        and np.array_equal(whole.label_end[:cut][ended], other.label_end[:cut][ended], equal_nan=True)
        and np.array_equal(whole.baseline[:cut], other.baseline[:cut], equal_nan=True)
    )


def _looks_too_far(bars: Bars, label: Label, horizon: int) -> LabelBlock:
    honest = compute_label(bars, label, horizon)
    return replace(honest, value=compute_label(bars, label, horizon + 1).value)


def _knows_the_answer(bars: Bars, label: Label, horizon: int) -> LabelBlock:
    honest = compute_label(bars, label, horizon)
    return replace(honest, baseline=honest.value)


CHEATS: dict[str, Labelling] = {
    "a label that looks one bar past its end": _looks_too_far,
    "a naive forecast that knows the answer": _knows_the_answer,
}
