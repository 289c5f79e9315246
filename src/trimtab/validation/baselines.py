"""Rules of thumb a trader would ask about, judged on the very folds of a model: what do they say there?

The two baselines of every report are made without these: the label's own naive forecast (persistence) and the
commoner class of the training part. A label with a side, up or down, has two more that need no learning: being
long always, and being on the side of a moving average. For a label without one (is the market volatile?) neither
means anything, and none is made.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trimtab.datasets import Dataset
from trimtab.errors import FeatureError
from trimtab.models.naive import Naive
from trimtab.models.protocol import FitContext
from trimtab.validation.folds import Fold
from trimtab.validation.walk_forward import OutOfSample

SIDE_RULES = ("buy_and_hold", "moving_average")
LABELS_WITH_A_SIDE = frozenset({"direction", "forward_return", "triple_barrier"})


def side_rules(
    dataset: Dataset, folds: Sequence[Fold], forecasts: OutOfSample, rules: Sequence[str] = SIDE_RULES
) -> dict[str, np.ndarray]:
    """What naive rules (`trimtab.models.naive`) say where a model's walk-forward spoke; each of shape (m,).

    `folds` are those of the walk-forward, in its order. Each rule is trained on the fold that the model was, so its
    few numbers know as little. A rule whose feature the dataset has not is left out.
    """
    found = {}
    for rule in rules:
        try:
            found[rule] = _said(Naive({"rule": rule}), dataset, folds, forecasts)
        except FeatureError:
            continue
    return found


def _said(rule: Naive, dataset: Dataset, folds: Sequence[Fold], forecasts: OutOfSample) -> np.ndarray:
    value = np.full(len(forecasts.row), np.nan)
    for number, fold in enumerate(folds):
        own = forecasts.fold == number
        if own.any():
            fitted = rule.fit(dataset.take(fold.train), None, FitContext(seed=0))  # none of the rules draws anything
            value[own] = fitted.predict(dataset.features[forecasts.row[own]]).value
    return value
