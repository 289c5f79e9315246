"""Calibration: what a score has meant so far, as a probability.

A model that says 0.8 and is right in 60 % of such cases is corrected here: a map from its scores to
probabilities, learnt on forecasts of rows it was not trained on. Both maps rise with the score, so
what the model ranks higher stays higher (isotonic calibration may make neighbours equal).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from scipy.special import expit

from trimtab.datasets.weights import mean_one
from trimtab.errors import ArtifactError, NotEnoughDataError

# A calibration may flatten a model that knows nothing, never turn its ranking round or wipe it out.
LEAST_SLOPE = 0.01
FARTHEST = 35.0  # scores beyond it are 0 or 1 to the last digit of a float64


class Calibration(Protocol):
    """A rising map from scores to probabilities."""

    kind: ClassVar[str]

    def probability(self, score: np.ndarray) -> np.ndarray:
        """The probability of outcome 1 at each score; float64, shape (n,)."""
        ...

    def arrays(self) -> dict[str, np.ndarray]:
        """What was learnt, by name."""
        ...


@dataclass(frozen=True)
class Sigmoid:
    """probability = 1 / (1 + exp(-(slope * score + intercept))), with a slope above zero.

    Platt, "Probabilistic outputs for support vector machines", 1999. Two numbers are learnt, so little
    data will do.
    """

    kind: ClassVar[str] = "sigmoid"
    slope: float
    intercept: float

    def probability(self, score: np.ndarray) -> np.ndarray:
        return np.asarray(expit(self.slope * score + self.intercept), dtype=np.float64)

    def arrays(self) -> dict[str, np.ndarray]:
        return {"slope": np.array([self.slope]), "intercept": np.array([self.intercept])}


@dataclass(frozen=True)
class Isotonic:
    """Straight lines between the points (score, probability); the ends hold beyond them.

    Zadrozny and Elkan, "Transforming classifier scores into accurate multiclass probability estimates",
    2002. It can follow any rising curve and needs thousands of forecasts not to follow noise.
    """

    kind: ClassVar[str] = "isotonic"
    scores: np.ndarray
    probabilities: np.ndarray

    def probability(self, score: np.ndarray) -> np.ndarray:
        return np.interp(score, self.scores, self.probabilities)

    def arrays(self) -> dict[str, np.ndarray]:
        return {"scores": self.scores, "probabilities": self.probabilities}


def fit_calibration(kind: str, score: np.ndarray, outcome: np.ndarray, weight: np.ndarray) -> Calibration:
    """Learn a calibration of `kind` "sigmoid" or "isotonic"; all arrays of shape (n,), outcomes 0.0 or 1.0.

    Only the proportions of the weights, which are above zero, count.

    Raises `NotEnoughDataError` when only one outcome occurs: a probability cannot be learnt from it.
    """
    if len(np.unique(outcome)) < 2:
        raise NotEnoughDataError(
            f"{len(outcome)} out-of-sample forecasts have one outcome only; calibration needs both, "
            "train on a longer history"
        )
    fit = fit_sigmoid if kind == "sigmoid" else fit_isotonic
    return fit(score, outcome, mean_one(weight))


def fit_sigmoid(score: np.ndarray, outcome: np.ndarray, weight: np.ndarray) -> Sigmoid:
    """The most likely sigmoid, with Platt's targets: (n₁ + 1) / (n₁ + 2) for 1 and 1 / (n₀ + 2) for 0.

    The targets keep a few separable samples from making an infinite slope. Where the likelihood wants a
    slope below `LEAST_SLOPE`, that slope is taken with the intercept that fits it best.
    """
    target = _platt_targets(outcome, weight)
    # In units of their spread the two derivatives are alike in size, whatever the scores are measured in.
    centre, spread = float(np.average(score, weights=weight)), float(np.std(score)) or 1.0
    slope, intercept = _most_likely((score - centre) / spread, target, weight)
    if slope / spread < LEAST_SLOPE:
        slope = LEAST_SLOPE * spread
        _, intercept = _most_likely((score - centre) / spread, target, weight, fixed_slope=slope)
    return Sigmoid(slope / spread, intercept - slope / spread * centre)


def fit_isotonic(score: np.ndarray, outcome: np.ndarray, weight: np.ndarray) -> Isotonic:
    """The rising step function nearest to the outcomes, by pooling adjacent violators.

    Its ends are kept away from 0 and 1, as Platt's targets are: a block of ones is no certainty.
    """
    order = np.argsort(score, kind="stable")
    scores, place = np.unique(score[order], return_inverse=True)
    weights = np.bincount(place, weight[order])
    means = np.bincount(place, weight[order] * outcome[order]) / weights
    levels = pool_adjacent_violators(means, weights)
    targets = _platt_targets(outcome, weight)
    levels = np.clip(levels, targets.min(), targets.max())
    corner = _ends_of_blocks(levels)
    return Isotonic(scores[corner], levels[corner])


def pool_adjacent_violators(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The non-decreasing sequence with the least weighted squared distance to `values`; shape (n,).

    >>> pool_adjacent_violators(np.array([1.0, 3.0, 2.0, 4.0]), np.ones(4)).tolist()
    [1.0, 2.5, 2.5, 4.0]
    """
    means: list[float] = []
    totals: list[float] = []
    sizes: list[int] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        mean, total, size = value, weight, 1
        while means and means[-1] >= mean:
            mean = (means[-1] * totals[-1] + mean * total) / (totals[-1] + total)
            total += totals.pop()
            size += sizes.pop()
            means.pop()
        means.append(mean)
        totals.append(total)
        sizes.append(size)
    return np.repeat(means, sizes)


def calibration_from(kind: str, arrays: Mapping[str, np.ndarray]) -> Calibration:
    """A calibration from its arrays; `ArtifactError` when they cannot be one."""
    try:
        if kind == "sigmoid":
            slope, intercept = (arrays[name].reshape(1).item() for name in ("slope", "intercept"))
            if slope > 0.0:
                return Sigmoid(float(slope), float(intercept))
        elif kind == "isotonic":
            found = Isotonic(arrays["scores"], arrays["probabilities"])
            if _rises(found):
                return found
    except (KeyError, ValueError) as error:
        raise ArtifactError(f"the model's calibration is damaged ({error!r}); train the model again") from error
    raise ArtifactError(f"the model's {kind} calibration does not rise with the score; train the model again")


def _rises(curve: Isotonic) -> bool:
    x, y = curve.scores, curve.probabilities
    fits = x.ndim == 1 and x.shape == y.shape and len(x) > 0
    return bool(fits and (np.diff(x) > 0).all() and (np.diff(y) >= 0).all() and y[0] >= 0.0 and y[-1] <= 1.0)


def _platt_targets(outcome: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """What the outcomes count as; counts are sums of weights, which are 1 on average."""
    ones, zeros = float(weight[outcome > 0.5].sum()), float(weight[outcome <= 0.5].sum())
    return np.where(outcome > 0.5, (ones + 1.0) / (ones + 2.0), 1.0 / (zeros + 2.0))


def _most_likely(
    score: np.ndarray, target: np.ndarray, weight: np.ndarray, fixed_slope: float | None = None
) -> tuple[float, float]:
    """Slope and intercept of the greatest likelihood, by Newton steps that are halved until they help."""
    varies = fixed_slope is None and np.ptp(score) > 0.0
    free = np.array([varies, True])
    inputs = np.column_stack([score, np.ones(len(score))])
    at = np.array([fixed_slope or 0.0, 0.0])
    for _ in range(100):
        said = expit(inputs @ at)
        gradient = inputs.T @ (weight * (said - target))
        curvature = (inputs * (weight * said * (1.0 - said))[:, None]).T @ inputs + 1e-12 * np.eye(2)
        step = np.zeros(2)
        step[free] = np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
        loss, factor = _loss(inputs @ at, target, weight), 1.0
        while _loss(inputs @ (at - factor * step), target, weight) > loss and factor > 1e-10:
            factor /= 2.0
        at = at - factor * step
        if np.abs(factor * step).max() < 1e-10:
            break
    return float(at[0]), float(at[1])


def _loss(logit: np.ndarray, target: np.ndarray, weight: np.ndarray) -> float:
    return float((weight * (np.logaddexp(0.0, logit) - target * logit)).sum())


def _ends_of_blocks(levels: np.ndarray) -> np.ndarray:
    """Positions of the first and last element of every run of equal levels."""
    change = np.flatnonzero(np.diff(levels) != 0.0)
    return np.unique(np.concatenate([[0], change, change + 1, [len(levels) - 1]]))
