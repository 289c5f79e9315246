"""Target positions: what a forecast says one should hold from now on, between -1 and 1."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from trimtab.datasets.schema import Task
from trimtab.errors import ConfigurationError, UnknownNameError

Rule = Literal["long_short", "long_flat", "avoid_high_volatility"]

_DEFAULT_RULES: dict[str, Rule] = {
    "direction": "long_short",
    "forward_return": "long_short",
    "triple_barrier": "long_short",
    "volatility_regime": "avoid_high_volatility",
}


def target_positions(
    forecast_value: np.ndarray, rule: Rule, threshold: float = 0.5, task: Task = "classification"
) -> np.ndarray:
    """Positions in [-1, 1] from forecast values, shape (n,): +1 is fully long, 0 flat, -1 fully short.

    `threshold` is a probability t in [0, 1]; a forecast exactly on it decides nothing:

    - "long_short": +1 when p > t, -1 when p < 1 - t. Below t = 0.5 both can hold; then nothing is held.
    - "long_flat": +1 when p > t.
    - "avoid_high_volatility": +1 while p, the probability of high volatility, is below t.

    In regression the value is a return: its sign decides and the threshold is not read. A NaN forecast
    is no reason to hold anything: 0.

    >>> target_positions(np.array([0.7, 0.5, 0.2, np.nan]), "long_short", 0.6).tolist()
    [1.0, 0.0, -1.0, 0.0]
    >>> target_positions(np.array([0.7, 0.2]), "avoid_high_volatility", 0.5).tolist()
    [0.0, 1.0]
    """
    if rule not in get_args(Rule):
        raise UnknownNameError("position rule", str(rule), get_args(Rule))
    if not 0.0 <= threshold <= 1.0:
        raise ConfigurationError(f"threshold is {threshold}; it must lie between 0 and 1")
    value = np.asarray(forecast_value, dtype=np.float64)
    if task == "regression":
        if rule == "avoid_high_volatility":
            raise ConfigurationError(
                "avoid_high_volatility needs probabilities; use long_short or long_flat for returns"
            )
        rises, falls = value > 0.0, value < 0.0
    else:
        rises, falls = value > threshold, value < 1.0 - threshold
    if rule == "avoid_high_volatility":
        return (value < threshold).astype(np.float64)
    long = rises.astype(np.float64)
    return long if rule == "long_flat" else long - falls


def default_rule(label_kind: str) -> Rule:
    """The rule a strategy gets when its file names none, by kind of label.

    >>> default_rule("volatility_regime")
    'avoid_high_volatility'
    """
    if label_kind not in _DEFAULT_RULES:
        raise UnknownNameError("label kind", label_kind, _DEFAULT_RULES)
    return _DEFAULT_RULES[label_kind]
