"""Conformal prediction: intervals as wide as the errors on rows the model had not learnt from.

From forecasts that are out of sample come scores of non-conformity; a new outcome lies within the q-quantile of
them with probability q, whatever the model, as long as the past is like the future (Vovk, Gammerman and Shafer,
"Algorithmic Learning in a Random World", 2005; for forecasts by purged parts Barber, Candès, Ramdas and
Tibshirani, "Predictive inference with the jackknife+", 2021). Markets break that promise, so the level asked
for can follow what was covered lately: `AdaptiveCoverage`.

Labels over several bars overlap: n of them hold about n divided by the horizon independent errors, so the
quantile is as uncertain as that smaller number says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from trimtab.errors import ArtifactError, ConfigurationError
from trimtab.models.protocol import Forecast

# Coverages at which quantiles are kept: a finer tail, because that is where intervals are read.
COVERAGES = np.unique(np.concatenate([np.linspace(0.0, 0.9, 181), np.linspace(0.9, 1.0, 201)]))


@runtime_checkable
class Adjustable(Protocol):
    """A model whose intervals can be asked for at another coverage than the one it was trained for."""

    @property
    def coverage(self) -> float | None:
        """The share of outcomes its intervals are meant to hold; None where it gives none."""
        ...

    def at_coverage(self, forecast: Forecast, coverage: float) -> tuple[np.ndarray, np.ndarray]:
        """The ends of the intervals of one of its forecasts, at a coverage from 0 to 1."""
        ...


def conformal_quantile(scores: np.ndarray, coverage: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """The scores below which a new one lies with the probabilities `coverage`; shape of `coverage`.

    With equal weights the ceil((n + 1) * coverage)-th smallest of n: one more than the plain quantile,
    because the new score is among them too. Weights let newer rows count for more (Barber, Candès, Ramdas and
    Tibshirani, "Conformal prediction beyond exchangeability", 2023); the new row counts as the mean one. Where
    the theory says infinity, because n is too small, the largest score stands.

    >>> conformal_quantile(np.arange(1.0, 10.0), np.array([0.5, 0.8, 0.95]))
    array([5., 8., 9.])
    """
    order = np.argsort(scores, kind="stable")
    counted = np.ones(len(scores)) if weight is None else weight / weight.mean()
    share = np.cumsum(counted[order]) / (len(scores) + 1.0)
    # 0.8 of ten is the eighth, whatever the ninth digit of the sum says.
    place = np.searchsorted(share, np.asarray(coverage) - 1e-9, side="left")
    return scores[order][np.minimum(place, len(scores) - 1)]


@dataclass(frozen=True)
class ResidualIntervals:
    """Regression: value ± quantile of the scaled residuals · how difficult the row is.

    Attributes
    ----------
    quantiles: of |residual| / difficulty at `COVERAGES`, not falling.
    """

    quantiles: np.ndarray

    def bounds(self, value: np.ndarray, difficulty: np.ndarray, coverage: float) -> tuple[np.ndarray, np.ndarray]:
        """Both ends for every value; float64, shape (n,)."""
        half = self.quantile(coverage) * difficulty
        return value - half, value + half

    def quantile(self, coverage: float) -> float:
        """The scaled residual that a share `coverage` of outcomes stays within."""
        return float(np.interp(coverage, COVERAGES, self.quantiles))

    def arrays(self) -> dict[str, np.ndarray]:
        """What was learnt, by name."""
        return {"quantiles": self.quantiles}

    @classmethod
    def fit(cls, scores: np.ndarray, weight: np.ndarray) -> ResidualIntervals:
        """From |residual| / difficulty of out-of-sample forecasts."""
        return cls(conformal_quantile(scores, COVERAGES, weight))


@dataclass(frozen=True)
class ClassSets:
    """Classification: every class whose probability is not unusually small for that class.

    The least ambiguous sets, class by class (Sadinle, Lei and Wasserman 2019, section 3), so the rarer class is
    covered as often as the other one. An empty set says nothing; the likelier class is put in its place, which can
    only raise the coverage.

    The probabilities are those before calibration: isotonic calibration makes many of them equal, and of rows that
    tie with the quantile all are covered, so sets of calibrated ones hold more than was asked for.

    Attributes
    ----------
    zero, one: quantiles at `COVERAGES` of 1 - probability of the true class, over the rows of class 0 and 1.
    """

    zero: np.ndarray
    one: np.ndarray

    def bounds(
        self, probability: np.ndarray, coverage: float, said: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """0 to 0, 1 to 1 or 0 to 1 for every probability of class 1; float64, shape (n,).

        `said` is the probability after calibration, which tells the likelier class; absent, `probability` itself.
        """
        with_zero = probability <= np.interp(coverage, COVERAGES, self.zero)
        with_one = 1.0 - probability <= np.interp(coverage, COVERAGES, self.one)
        likelier = ((probability if said is None else said) > 0.5).astype(np.float64)
        low = np.where(with_zero, 0.0, np.where(with_one, 1.0, likelier))
        high = np.where(with_one, 1.0, np.where(with_zero, 0.0, likelier))
        return low, high

    def arrays(self) -> dict[str, np.ndarray]:
        """What was learnt, by name."""
        return {"zero": self.zero, "one": self.one}

    @classmethod
    def fit(cls, probability: np.ndarray, outcome: np.ndarray, weight: np.ndarray) -> ClassSets:
        """From out-of-sample probabilities of class 1 and what happened; both classes must occur."""
        is_one = outcome > 0.5
        return cls(
            conformal_quantile(probability[~is_one], COVERAGES, weight[~is_one]),
            conformal_quantile(1.0 - probability[is_one], COVERAGES, weight[is_one]),
        )


def residual_intervals_from(arrays: Mapping[str, np.ndarray]) -> ResidualIntervals:
    """Intervals from their arrays; `ArtifactError` when they cannot be any."""
    return ResidualIntervals(_curve(arrays, "quantiles"))


def class_sets_from(arrays: Mapping[str, np.ndarray]) -> ClassSets:
    """Sets from their arrays; `ArtifactError` when they cannot be any."""
    return ClassSets(_curve(arrays, "zero"), _curve(arrays, "one"))


def _curve(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    curve = arrays.get(name)
    if curve is None or curve.shape != COVERAGES.shape or (np.diff(curve) < 0).any():
        raise ArtifactError(f"the model's conformal quantiles '{name}' are damaged; train the model again")
    return curve


@dataclass
class AdaptiveCoverage:
    """The coverage to ask for next, so that in the long run a share 1 - alpha of outcomes is covered.

    After every outcome the level moves: down by gamma · alpha when it was covered, up by gamma · (1 - alpha) when
    it was missed (Gibbs and Candès, "Adaptive conformal inference under distribution shift", 2021). Where a level of
    1 covers everything and one of 0 nothing, then after T outcomes, whatever they are,
    |share missed - alpha| <= (max(alpha, 1 - alpha) + gamma) / (gamma · T). A model's widest interval is the
    largest error it has seen, so in practice that is approached, not guaranteed.

    Attributes
    ----------
    alpha: share of outcomes that may be missed, in (0, 1).
    gamma: how fast the level moves, greater than 0: faster follows a change sooner and wanders more without one.
    allowed_misses: the alpha asked for at the moment; it may leave [0, 1].

    >>> adaptive = AdaptiveCoverage(alpha=0.1, gamma=0.05)
    >>> adaptive.update(covered=False)
    >>> round(adaptive.level, 3)
    0.945
    """

    alpha: float
    gamma: float = 0.01
    allowed_misses: float = field(default=float("nan"))

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 1.0:
            raise ConfigurationError(f"alpha is {self.alpha}; it must lie between 0 and 1")
        if not (self.gamma > 0.0 and np.isfinite(self.gamma)):
            raise ConfigurationError(f"gamma is {self.gamma}; it must be greater than 0")
        if np.isnan(self.allowed_misses):
            self.allowed_misses = self.alpha

    @property
    def level(self) -> float:
        """The coverage to ask the next interval for, from 0 to 1."""
        return float(np.clip(1.0 - self.allowed_misses, 0.0, 1.0))

    def update(self, covered: float) -> None:
        """Take in an outcome that has become known, or the share covered of several that did at one time.

        Raises `ConfigurationError` for anything but a share: a NaN taken in here would stay for ever.
        """
        if not 0.0 <= covered <= 1.0:
            raise ConfigurationError(f"covered is {covered}; it must be True, False or a share from 0 to 1")
        self.allowed_misses += self.gamma * (self.alpha - (1.0 - float(covered)))
