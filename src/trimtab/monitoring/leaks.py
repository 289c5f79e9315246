"""Leaks that features cannot have: in labels, in folds, and in the samples that a dataset is made of.

A label may see past its own end, a fold may train on its test, a sample may have a label that is over at its
decision, or numbers that depend on other instruments. Each audit has leaks planted for it in its tests,
and that of labels also on the very bars it is made on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from trimtab.bars import Bars
from trimtab.config.strategy import DatasetRules, Label
from trimtab.datasets import Dataset
from trimtab.datasets.build import DEFAULT_RULES, build_dataset
from trimtab.datasets.quality import usable_bars
from trimtab.datasets.schema import HorizonLabels
from trimtab.datasets.series_samples import SeriesSamples
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
    """How many samples have a label, of any horizon, that looks into its own bar or does not end after its decision.

    A label begins when its bar closes. Where the bar came late that lies before the decision, and is no leak.
    """
    early = np.zeros(len(dataset), bool)
    each: tuple[Dataset | HorizonLabels, ...] = (dataset, *dataset.by_horizon)
    for labels in each:
        known = ~np.isnan(labels.target)
        follows = (labels.label_start > dataset.event_time) & (labels.label_end > dataset.decision_time)
        early |= known & ~follows  # an interval of NaT follows nothing
    return int(early.sum())


def is_same_alone(
    dataset: Dataset, instrument_id: str, alone: SeriesSamples, rules: DatasetRules = DEFAULT_RULES
) -> bool:
    """Whether the samples of an instrument are the same beside the other instruments as alone.

    `alone` are its features and labels, computed from nothing but its own bars and what its features
    declare, and `rules` those the dataset was made by. Which bars are samples, their features, targets, naive
    forecasts and times must be equal, and so must the rows that windows are cut from.
    Weights are 1 on average over all samples together, so of these only the proportions within the
    instrument are compared, to 1e-12.
    """
    own = dataset.take(np.flatnonzero(dataset.instrument == dataset.instruments.index(instrument_id)))
    if not len(usable_bars(alone, rules).rows):
        return len(own) == 0
    made = build_dataset([alone], rules, with_history=dataset.history is not None, min_samples=0)
    arrays = dict(made.arrays())
    return all(_same(name, array, arrays[name]) for name, array in own.arrays()) and _same_history(own, made)


def _same(name: str, one: np.ndarray, other: np.ndarray) -> bool:
    if name in {"instrument", "position"}:  # where its rows lie depends on who else is there
        return True
    if name.startswith("weight"):
        return bool(np.allclose(_proportions(one), _proportions(other), rtol=1e-12, atol=0.0))
    return np.array_equal(one, other, equal_nan=one.dtype.kind in "fM")


def _proportions(weight: np.ndarray) -> np.ndarray:
    total = weight.sum()
    return weight / total if total else weight


def _same_history(own: Dataset, made: Dataset) -> bool:
    """Whether the rows up to each sample are the same: the bars before it in the history, and their features."""
    if own.history is None or made.history is None:
        return own.history is made.history
    (rows, place), (others, other_place) = _own_rows(own), _own_rows(made)
    return np.array_equal(place, other_place) and np.array_equal(rows, others, equal_nan=True)


def _own_rows(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """The history rows of the instrument all samples are of, and where among them each sample is."""
    assert dataset.history is not None and dataset.position is not None
    first = dataset.history.first[dataset.position[0]]
    return dataset.history.features[dataset.history.first == first], dataset.position - first


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
    # A barrier is mostly touched long before the time limit: the close after the limit is always too far.
    further = Label(kind="direction") if label.kind == "triple_barrier" else label
    return replace(honest, value=compute_label(bars, further, horizon + 1).value)


def _knows_the_answer(bars: Bars, label: Label, horizon: int) -> LabelBlock:
    honest = compute_label(bars, label, horizon)
    return replace(honest, baseline=honest.value)


CHEATS: dict[str, Labelling] = {
    "a label that looks one bar past its end": _looks_too_far,
    "a naive forecast that knows the answer": _knows_the_answer,
}
