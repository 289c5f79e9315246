"""Is a model worse for one instrument, or on one side? Accuracy by each, beside what happened there.

An instrument is called below the rest only when its share said right, on the same decision times, is lower by
more than chance explains, after Holm's correction for looking at all of them (Holm 1979).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.datasets import Dataset
from trimtab.metrics.multiple_testing import holm
from trimtab.validation.bootstrap import block_bootstrap_mean
from trimtab.validation.mean_interval import mean_interval
from trimtab.validation.scoring import classes, is_right
from trimtab.validation.walk_forward import OutOfSample

LEVEL = 0.05


@dataclass(frozen=True)
class InstrumentPerformance:
    """How the forecasts of one instrument did.

    Attributes
    ----------
    instrument_id, n: whose, and how many forecasts with an outcome.
    accuracy, low, high: share said right with its 95 % interval.
    baseline_accuracy: of the dataset's naive forecast on the same rows.
    said_up_share, happened_share: how often class 1 (or up) was said, and how often it happened.
    below_rest: share said right less that of the other instruments, mean over the decision times both have;
        NaN with a single instrument.
    p_value: one-sided, of "not below the rest", Holm-corrected over the instruments; NaN with fewer than 20 times.
    is_below_rest: whether that is at most 0.05.
    """

    instrument_id: str
    n: int
    accuracy: float
    low: float
    high: float
    baseline_accuracy: float
    said_up_share: float
    happened_share: float
    below_rest: float
    p_value: float
    is_below_rest: bool


@dataclass(frozen=True)
class SidePerformance:
    """How the forecasts of one side did.

    Attributes
    ----------
    side: "said 1" or "said 0" in classification, "said up" or "said down" in regression.
    n: forecasts with an outcome.
    accuracy, low, high: share of them that was right with its 95 % interval.
    base_rate: how often this side happens whatever is said.
    mean_return: mean return of the instrument from the decision's close over the horizon, before costs, when this
        side was said; NaN where nobody gave it.
    """

    side: str
    n: int
    accuracy: float
    low: float
    high: float
    base_rate: float
    mean_return: float


def performance_by_instrument(
    dataset: Dataset, samples: OutOfSample, *, seed: int
) -> tuple[InstrumentPerformance, ...]:
    """One entry per instrument with forecasts, in the order of the dataset."""
    truth, said = classes(dataset.task, samples.target, samples.value)
    right = is_right(dataset.task, samples.target, samples.value)
    naive = is_right(dataset.task, samples.target, samples.baseline)
    time, whose = dataset.decision_time[samples.row], dataset.instrument[samples.row]
    known = ~np.isnan(right)
    present = [code for code in range(len(dataset.instruments)) if (known & (whose == code)).any()]
    below = _below_rest(right[known], time[known], whose[known], present, seed)
    adjusted = dict(zip(present, _corrected([p for _, p in below.values()]), strict=True))

    def of(code: int) -> InstrumentPerformance:
        rows = known & (whose == code)
        found = mean_interval(right[rows], time[rows], seed=seed)
        return InstrumentPerformance(
            instrument_id=dataset.instruments[code],
            n=int(rows.sum()),
            accuracy=found.value,
            low=found.low,
            high=found.high,
            baseline_accuracy=_mean(naive[rows]),
            said_up_share=_mean(said[rows]),
            happened_share=_mean(truth[rows]),
            below_rest=below[code][0],
            p_value=float(adjusted[code]),
            is_below_rest=bool(adjusted[code] <= LEVEL),
        )

    return tuple(of(code) for code in present)


def performance_by_side(
    dataset: Dataset, samples: OutOfSample, *, seed: int, returns: np.ndarray | None = None
) -> tuple[SidePerformance, ...]:
    """Both sides, the positive one first; `returns` of the instruments over the horizon, shape (m,), NaN unknown."""
    truth, said = classes(dataset.task, samples.target, samples.value)
    right = is_right(dataset.task, samples.target, samples.value)
    time = dataset.decision_time[samples.row]
    names = ("said 1", "said 0") if dataset.task == "classification" else ("said up", "said down")

    def of(name: str, side: float) -> SidePerformance:
        rows = (said == side) & ~np.isnan(right)
        found = mean_interval(right[rows], time[rows], seed=seed)
        earned = float("nan") if returns is None else _mean(returns[rows])
        base_rate = _mean((truth[~np.isnan(truth)] == side).astype(np.float64))
        return SidePerformance(name, int(rows.sum()), found.value, found.low, found.high, base_rate, earned)

    return of(names[0], 1.0), of(names[1], 0.0)


def _corrected(p_values: list[float]) -> np.ndarray:
    """By Holm over those that are known; NaN stays NaN."""
    corrected = np.array(p_values)
    known = ~np.isnan(corrected)
    if known.any():
        corrected[known] = holm(corrected[known])
    return corrected


def _below_rest(
    right: np.ndarray, time: np.ndarray, whose: np.ndarray, present: list[int], seed: int
) -> dict[int, tuple[float, float]]:
    """By instrument: mean difference to the rest over the times both have, and the p-value of "not below".

    All are summed per time once; the rest is all less the instrument's own.
    """
    slot = np.unique(time, return_inverse=True)[1]
    total, count = np.bincount(slot, weights=right), np.bincount(slot)

    def of(code: int) -> tuple[float, float]:
        mine = whose == code
        own_total = np.bincount(slot[mine], weights=right[mine], minlength=len(total))
        own_count = np.bincount(slot[mine], minlength=len(total))
        both = (own_count > 0) & (count > own_count)
        if not both.any():
            return float("nan"), float("nan")
        rest = (total - own_total)[both] / (count - own_count)[both]
        gap = own_total[both] / own_count[both] - rest
        return float(gap.mean()), block_bootstrap_mean(-gap, seed=seed).p_value

    return {code: of(code) for code in present}


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
