"""Weights of an ensemble's members from how well they did lately, shrunk towards the weights given.

The newest `share` of the training time is forecast by members trained before it, purged as in a walk-forward:
nobody is judged on rows it has learnt from. With L_m the mean loss of member m there, w_m the weight given, and n
the number of independent outcomes:

    evidence_m = w_m · exp(-n · L_m) / Σ w_j · exp(-n · L_j)
    λ          = n / (n + n0)
    weight_m   = λ · evidence_m + (1 - λ) · w_m

L is in nats per outcome: log loss in classification, ½ · log(mean squared error) in regression (the log loss of a
normal error with that variance), so evidence_m is the share of belief Bayes' rule leaves to each member. What a
naive forecast loses is the same for all of them and cancels.

Bates and Granger, "The combination of forecasts", 1969, began weighting by recent errors. Timmermann, "Forecast
combinations", 2006, chapter 4 of the Handbook of Economic Forecasting, shows why such weights must be shrunk: the
noise in them costs more than it brings, hence λ, which leaves every member at least (1 - λ) of its weight.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.purging import last_part
from trimtab.datasets.schema import Task
from trimtab.datasets.weights import counted_rows
from trimtab.errors import NotEnoughDataError
from trimtab.models.forecasting import forecast
from trimtab.models.nesting import inner_context
from trimtab.models.out_of_fold import independent_samples
from trimtab.models.parallel import side_by_side
from trimtab.models.protocol import FitContext, Forecaster

EDGE = 1e-3  # as in stacking: one flat 0 or 1 of a forest that was wrong must not decide
SMALLEST = 1e-300  # of a mean squared error, so that its logarithm exists


def learn_recent_weights(
    members: Sequence[Forecaster],
    given: Sequence[float],
    dataset: Dataset,
    context: FitContext,
    *,
    share: float,
    shrinkage: float,
) -> tuple[float, ...]:
    """Weights that sum to 1, from unfitted members; rows of weight zero are left out.

    Raises `NotEnoughDataError` where nothing is left to judge on or to train before it.
    """
    rows = counted_rows(dataset)
    train, last = last_part(rows, share)
    before, newest = rows.take(train), rows.take(last)

    def judge(number: int) -> float:
        own = inner_context(
            context, f"recent/member_{number}", seed=context.seed + number, n_threads=1, is_watched=False
        )
        said = forecast(members[number].fit(before, None, own), newest).value
        return mean_loss(said, newest.target, newest.weight, newest.task)

    try:
        losses = side_by_side(judge, range(len(members)), context.n_threads)
    except NotEnoughDataError as error:
        raise NotEnoughDataError(
            f"the members cannot be trained before the last {share:.0%} of the time, which they are judged on: {error}"
        ) from error
    return recent_weights(losses, given, independent_samples(newest), shrinkage)


def recent_weights(losses: Sequence[float], given: Sequence[float], n: float, shrinkage: float) -> tuple[float, ...]:
    """The formula above: `losses` in nats per outcome, `given` weights, n outcomes, `shrinkage` is n0.

    >>> recent_weights([0.68, 0.69], [0.5, 0.5], n=100, shrinkage=100)
    (0.6155..., 0.3844...)
    >>> recent_weights([0.0, 9.0], [0.5, 0.5], n=1, shrinkage=10**9)
    (0.5000..., 0.4999...)
    """
    prior = np.asarray(given, dtype=np.float64) / np.sum(given)
    loss = np.asarray(losses, dtype=np.float64)
    evidence = prior * np.exp(n * (loss.min() - loss))
    trust = n / (n + shrinkage)
    blended = trust * evidence / evidence.sum() + (1.0 - trust) * prior
    return tuple((blended / blended.sum()).tolist())


def mean_loss(said: np.ndarray, target: np.ndarray, weight: np.ndarray, task: Task) -> float:
    """What forecasts lose per outcome, in nats: log loss, or ½ · log(mean squared error)."""
    if task == "regression":
        return float(0.5 * np.log(max(np.average((said - target) ** 2, weights=weight), SMALLEST)))
    p = np.clip(said, EDGE, 1.0 - EDGE)
    return float(-np.average(np.log(np.where(target == 1.0, p, 1.0 - p)), weights=weight))
