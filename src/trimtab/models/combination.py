"""How an ensemble makes one forecast of what its members say: mean, vote, stacking, recent.

- `mean`: the weighted mean. Hard to beat: see Timmermann 2006 on why simple averages win.
- `vote`: the weighted share of members that say class 1 (a member at exactly one half counts half); in regression
  the weighted median, which a single wild member cannot move.
- `stacking`: weights and intercept from purged out-of-fold forecasts, see `trimtab.models.stacking`.
- `recent`: the weighted mean, its weights from recent performance, see `trimtab.models.recent_weights`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import expit

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.errors import ConfigurationError
from trimtab.models.parameters import ParameterSpec, complete
from trimtab.models.protocol import FitContext, Forecaster
from trimtab.models.recent_weights import learn_recent_weights
from trimtab.models.stacking import Stack, learn_stack, log_odds

SPECS: dict[str, tuple[ParameterSpec, ...]] = {
    "mean": (),
    "vote": (),
    "stacking": (
        ParameterSpec("stacking_parts", "int", 5, 2, 20),
        ParameterSpec("stacking_shrinkage", "float", 10.0, 1e-6, 1e9),
    ),
    "recent": (
        ParameterSpec("recent_share", "float", 0.25, 0.01, 0.9),
        # Two years of days: below it the weights given count for more than half.
        ParameterSpec("recent_shrinkage", "float", 500.0, 0.0, 1e9),
    ),
}
_KIND = ParameterSpec("combination", "choice", "mean", choices=tuple(SPECS))
_HALVES = 1e-12  # cumulated weights this close to one half are one half


def complete_combination(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a combination, defaults filled in; those of another one are refused.

    >>> complete_combination({"combination": "stacking", "stacking_parts": 3})
    {'combination': 'stacking', 'stacking_parts': 3, 'stacking_shrinkage': 10.0}
    """
    kind = str(_KIND.checked("ensemble", given.get("combination", _KIND.default)))
    own = {name: value for name, value in given.items() if name != "combination"}
    for name in own:
        owner = next((other for other, specs in SPECS.items() if name in {spec.name for spec in specs}), kind)
        if owner != kind:
            raise ConfigurationError(
                f"parameter '{name}' of the ensemble belongs to the combination '{owner}', not '{kind}'; "
                f'set combination = "{owner}" or leave it out'
            )
    return {"combination": kind, **complete("ensemble", SPECS[kind], own)}


def is_parameter(name: str) -> bool:
    """Whether a parameter belongs to a combination, rather than to a member."""
    return name == _KIND.name or any(name == spec.name for specs in SPECS.values() for spec in specs)


def learn_weights(
    parameters: Mapping[str, Any],
    members: Sequence[Forecaster],
    given: Sequence[float],
    train: Dataset,
    context: FitContext,
) -> Stack:
    """The weights a combination uses, and the intercept; mean and vote use the weights given."""
    if parameters["combination"] == "stacking":
        n_parts, shrinkage = parameters["stacking_parts"], parameters["stacking_shrinkage"]
        return learn_stack(members, given, train, context, n_parts=n_parts, shrinkage=shrinkage)
    if parameters["combination"] == "recent":
        share, shrinkage = parameters["recent_share"], parameters["recent_shrinkage"]
        found = learn_recent_weights(members, given, train, context, share=share, shrinkage=shrinkage)
        return Stack(found, 0.0)
    return Stack(tuple(given), 0.0)


def combine(kind: str, task: Task, said: Sequence[np.ndarray], learnt: Stack) -> np.ndarray:
    """One forecast per row from those of the members, each of shape (n,)."""
    voices = np.asarray(said)
    if kind == "stacking":
        # Member by member, not a product of matrices: a row alone gives the same bits as in a batch.
        score = _weighted_sum(log_odds(voices) if task == "classification" else voices, learnt.weights)
        value: np.ndarray = score + learnt.intercept
        return np.asarray(expit(value)) if task == "classification" else value
    if kind == "vote" and task == "regression":
        return weighted_median(voices, np.asarray(learnt.weights))
    if kind == "vote":
        voices = np.where(voices == 0.5, 0.5, voices > 0.5)
    # Weights that sum to 1 but for rounding must not lead out of the range of the members.
    return np.clip(_weighted_sum(voices, learnt.weights), voices.min(axis=0), voices.max(axis=0))


def weighted_median(voices: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The value with half of the weight on either side, for each column of voices, shape (members, n).

    Where the weight divides evenly between two values it is their mean, as in a median of two.

    >>> weighted_median(np.array([[1.0], [2.0], [90.0]]), np.array([0.25, 0.5, 0.25]))
    array([2.])
    >>> weighted_median(np.array([[1.0], [2.0]]), np.array([0.5, 0.5]))
    array([1.5])
    """
    order = np.argsort(voices, axis=0, kind="stable")
    ordered = np.take_along_axis(voices, order, axis=0)
    reached = np.cumsum(weights[order], axis=0)
    half = 0.5 * weights.sum()
    lower = (reached >= half - _HALVES).argmax(axis=0)[None]
    upper = (reached > half + _HALVES).argmax(axis=0)[None]
    ends = [np.take_along_axis(ordered, place, axis=0)[0] for place in (lower, upper)]
    return 0.5 * (ends[0] + ends[1])


def _weighted_sum(voices: np.ndarray, weights: Sequence[float]) -> np.ndarray:
    value = np.zeros(voices.shape[1])
    for weight, voice in zip(weights, voices, strict=True):
        value += weight * voice
    return value
