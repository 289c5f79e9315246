"""Stacking: weights of an ensemble's members, learnt from their purged out-of-fold forecasts.

Wolpert, "Stacked generalization", 1992; Breiman, "Stacked regressions", 1996, who found that the weights must
not be negative: members say nearly the same, and a difference of two of them is mostly noise. Here they are also
shrunk, not towards nothing but towards the weights given, since market data tell little about weights.

- Regression: value = b + Σ w_m · forecast_m; w minimises Σ v (y - value)² + s · var(y) · |w - w0|².
- Classification: value = logistic(b + Σ w_m · logit(p_m)); w minimises Σ v log loss + s/2 · |w - w0|².

Both are the same prior belief: a weight is likely to lie within 1/√s of the one given. v are the sample weights,
scaled to sum to the number of independent samples. The intercept b is not shrunk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize, nnls
from scipy.special import expit, logit
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.datasets.weights import counted_rows
from trimtab.models.nesting import inner_context
from trimtab.models.out_of_fold import independent_samples, out_of_fold
from trimtab.models.protocol import FitContext, Forecaster

EDGE = 1e-3  # probabilities nearer to 0 or 1 count as this: a forest's flat 0 must not decide alone


@dataclass(frozen=True)
class Stack:
    """What stacking has learnt.

    Attributes
    ----------
    weights: one per member, 0 or more; they need not sum to 1.
    intercept: in units of the target, or of log odds in classification.
    """

    weights: tuple[float, ...]
    intercept: float


def learn_stack(
    members: Sequence[Forecaster],
    given: Sequence[float],
    dataset: Dataset,
    context: FitContext,
    *,
    n_parts: int,
    shrinkage: float,
) -> Stack:
    """Weights from purged out-of-fold forecasts of unfitted members, rows of weight zero left out.

    Member i is trained with the seed of the context + i, as it is in the ensemble itself. Raises
    `NotEnoughDataError` where a part is empty or cannot be trained for.
    """
    rows = counted_rows(dataset)
    said = [
        out_of_fold(member, rows, n_parts, inner_context(context, f"member_{i}", seed=context.seed + i))
        for i, member in enumerate(members)
    ]
    weight = rows.weight * (independent_samples(rows) / rows.weight.sum())
    return fit_stack(np.column_stack(said), rows.target, weight, rows.task, np.asarray(given), shrinkage)


def fit_stack(
    said: np.ndarray, target: np.ndarray, weight: np.ndarray, task: Task, towards: np.ndarray, shrinkage: float
) -> Stack:
    """The weights for forecasts `said`, shape (n, members), of a target, shrunk towards weights, shape (members,).

    >>> said = np.array([[1.0, 5.0], [2.0, 5.0], [4.0, 5.0]])  # the second member always says the same
    >>> found = fit_stack(said, 2 * said[:, 0], np.ones(3), "regression", np.array([0.5, 0.5]), 1e-9)
    >>> [round(weight, 6) for weight in found.weights]  # nothing is learnt about it: it keeps the weight given
    [2.0, 0.5]
    """
    # One BLAS thread: sums in one order give one result.
    with threadpool_limits(limits=1, user_api="blas"):
        if task == "classification":
            return _logistic(log_odds(said), target, weight, towards, shrinkage)
        return _ridge(said, target, weight, towards, shrinkage)


def log_odds(probability: np.ndarray) -> np.ndarray:
    """log(p / (1 - p)), with p kept off the ends."""
    found: np.ndarray = logit(np.clip(probability, EDGE, 1.0 - EDGE))
    return found


def _ridge(said: np.ndarray, target: np.ndarray, weight: np.ndarray, towards: np.ndarray, shrinkage: float) -> Stack:
    """Closed form but for the bound: with the Cholesky factor of its matrix it is a least squares of m rows."""
    mean, centre = np.average(said, axis=0, weights=weight), np.average(target, weights=weight)
    x, y = said - mean, target - centre
    variance = np.average(y**2, weights=weight)
    if not variance > 0:  # a constant target: nothing to learn weights from
        return Stack(tuple(towards.tolist()), float(centre - mean @ towards))
    penalty = shrinkage * variance
    factor = cholesky((x * weight[:, None]).T @ x + penalty * np.eye(len(towards)))
    aim = solve_triangular(factor, x.T @ (weight * y) + penalty * towards, trans="T")
    found, _ = nnls(factor, aim)
    return Stack(tuple(found.tolist()), float(centre - mean @ found))


def _logistic(x: np.ndarray, target: np.ndarray, weight: np.ndarray, towards: np.ndarray, shrinkage: float) -> Stack:
    scale = 1.0 / weight.sum()
    sign = 2.0 * target - 1.0

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        w, margin = parameters[1:], sign * (parameters[0] + x @ parameters[1:])
        slope = -sign * expit(-margin) * weight
        value = (weight * np.logaddexp(0.0, -margin)).sum() + 0.5 * shrinkage * ((w - towards) ** 2).sum()
        gradient = np.concatenate([[slope.sum()], x.T @ slope + shrinkage * (w - towards)])
        return float(value * scale), gradient * scale

    found = minimize(
        loss,
        np.concatenate([[0.0], towards]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None), *[(0.0, None)] * len(towards)],
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 1000},
    ).x
    return Stack(tuple(found[1:].tolist()), float(found[0]))
