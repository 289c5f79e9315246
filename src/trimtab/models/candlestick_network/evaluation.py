"""How well a model tells the fifteen patterns, one by one and together, with bootstrap intervals.

Instruments are drawn, not windows: neighbouring windows share nineteen bars. Patterns with fewer than 30 cases
are in the table with their counts and in no mean: too few to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trimtab.errors import NotEnoughDataError
from trimtab.models.candlestick_network.patterns import PATTERNS
from trimtab.models.candlestick_network.scores import Ranking, precision_recall_f1

FEWEST = 30  # cases of a pattern from which on its scores are worth reading
DRAWS = 200
LEVEL = 0.95
UNKNOWN = (float("nan"), float("nan"))


@dataclass(frozen=True)
class PatternScore:
    """How one pattern is told.

    Attributes
    ----------
    pattern: its name.
    cases: windows in which the rule sees it.
    base_rate: their share; the average precision of a model that knows nothing.
    mean_probability: what the model says on average; near the base rate when it is calibrated.
    threshold: probability from which on it counts as present.
    precision, recall, f1: at that threshold; NaN where nothing is divided by.
    average_precision: over all thresholds; NaN without a case.
    interval: of the average precision, 95 % over drawn instruments; NaN with one instrument.
    """

    pattern: str
    cases: int
    base_rate: float
    mean_probability: float
    threshold: float
    precision: float
    recall: float
    f1: float
    average_precision: float
    interval: tuple[float, float] = UNKNOWN

    @property
    def is_too_few(self) -> bool:
        """Whether there are too few cases to say how well it is told."""
        return self.cases < FEWEST


@dataclass(frozen=True)
class Mean:
    """A score over all patterns with enough cases, and its 95 % interval over drawn instruments."""

    value: float
    interval: tuple[float, float] = UNKNOWN


@dataclass(frozen=True)
class Evaluation:
    """How a model did on some windows.

    Attributes
    ----------
    n_windows, n_instruments: of what it was asked about.
    scores: one per pattern, in the order of `PATTERNS`.
    macro_average_precision, macro_f1: plain means over the patterns with at least 30 cases.
    micro_f1: of all their decisions together, so that frequent patterns count more.
    """

    n_windows: int
    n_instruments: int
    scores: tuple[PatternScore, ...]
    macro_average_precision: Mean
    macro_f1: Mean
    micro_f1: Mean

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "n_windows": self.n_windows,
            "n_instruments": self.n_instruments,
            "fewest_cases": FEWEST,
            "patterns": [vars(each) | {"too_few_to_say": each.is_too_few} for each in self.scores],
            "macro_average_precision": vars(self.macro_average_precision),
            "macro_f1": vars(self.macro_f1),
            "micro_f1": vars(self.micro_f1),
        }


def evaluate(
    labels: np.ndarray,
    probability: np.ndarray,
    thresholds: np.ndarray,
    group: np.ndarray,
    draws: int = DRAWS,
    seed: int = 0,
) -> Evaluation:
    """Score what a model said.

    Parameters
    ----------
    labels: what the rules say, bool, shape (m, 15).
    probability: what the model says, float64, shape (m, 15).
    thresholds: shape (15,), chosen on other windows.
    group: the instrument of each window, int64, shape (m,).
    draws: of the bootstrap; 0 leaves the intervals unknown.
    """
    if not len(labels):
        raise NotEnoughDataError("there is no window to evaluate; give bars the model has not seen, 20 or more")
    names, group = np.unique(group, return_inverse=True)
    drawn = _draws(len(names), draws, seed)
    counts = _counts(labels, probability >= thresholds, group, len(names))
    rankings = [Ranking.of(label, said) for label, said in zip(labels.T, probability.T, strict=True)]
    precisions = np.array(
        [[each.average_precision(times[group].astype(np.float64)) for times in drawn] for each in rankings]
    ).reshape(len(PATTERNS), len(drawn))
    scores = tuple(
        PatternScore(
            name,
            int(counts[2, :, k].sum()),
            float(labels[:, k].mean()),
            float(probability[:, k].mean()),
            float(thresholds[k]),
            *precision_recall_f1(*counts[:, :, k].sum(axis=1).tolist()),
            rankings[k].average_precision(),
            _interval(precisions[k]),
        )
        for k, name in enumerate(PATTERNS)
    )
    enough = np.array([not each.is_too_few for each in scores])
    drawn_counts = np.einsum("dg,cgk->dck", drawn, counts[:, :, enough])
    return Evaluation(
        len(labels),
        len(names),
        scores,
        Mean(_mean([each.average_precision for each in scores], enough), _interval(_means(precisions[enough].T))),
        Mean(_mean([each.f1 for each in scores], enough), _interval(_means(_f1(drawn_counts)))),
        Mean(
            precision_recall_f1(*counts[:, :, enough].sum(axis=(1, 2)).tolist())[2],
            _interval(_f1(drawn_counts.sum(axis=2))),
        ),
    )


def _draws(n_groups: int, draws: int, seed: int) -> np.ndarray:
    """How often each instrument is in each draw, shape (draws, n_groups); none for a single instrument."""
    if n_groups < 2:
        return np.empty((0, n_groups), dtype=np.int64)
    return np.random.default_rng(seed).multinomial(n_groups, np.full(n_groups, 1.0 / n_groups), size=draws)


def _counts(labels: np.ndarray, said: np.ndarray, group: np.ndarray, n_groups: int) -> np.ndarray:
    """Windows said rightly, said, and present, by instrument and pattern: shape (3, n_groups, 15)."""
    out = np.zeros((3, n_groups, labels.shape[1]), dtype=np.int64)
    for number, each in enumerate((labels & said, said, labels)):
        np.add.at(out[number], group, each)
    return out


def _f1(counts: np.ndarray) -> np.ndarray:
    """F1 of (draws, 3, ...) counts: rightly said, said, present."""
    hits, all_ = counts[:, 0], counts[:, 1] + counts[:, 2]
    return np.divide(2.0 * hits, all_, out=np.full(hits.shape, np.nan), where=all_ > 0)


def _mean(values: list[float], enough: np.ndarray) -> float:
    return float(np.mean(np.array(values)[enough])) if enough.any() else float("nan")


def _means(values: np.ndarray) -> np.ndarray:
    """Means over the patterns of each draw, shape (draws,)."""
    return values.mean(axis=1) if values.shape[1] else np.empty(0)


def _interval(values: np.ndarray) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return UNKNOWN
    low, high = np.quantile(known, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return float(low), float(high)
