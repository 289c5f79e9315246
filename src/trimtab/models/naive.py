"""The naive family: rules of thumb that need no learning, the comparators every other family must beat.

| rule | says |
|---|---|
| mean | the weighted mean of the training target; in classification the share of class 1 |
| majority | the class, or the sign, most training rows had |
| buy_and_hold | always up (class 1) |
| last_value | the last move goes on: reads a return |
| moving_average | up above the moving average, down below: reads a distance from it |

A rule that names a side says in regression plus or minus the mean absolute target of training; but
`last_value` says the last move itself (persistence). In classification it says how often the rule was right on
the training rows, and at least 0.51: a certainty of 1 would make its log loss meaningless, and a rule that
was mostly wrong keeps its side, because a naive rule does not learn to say the opposite. Where the feature is
missing or exactly 0 there is no side, and the training mean is said (in regression `last_value` says a 0).

What persistence means for a label itself (the last regime, the last direction) is `Dataset.baseline`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, ClassVar

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.errors import ArtifactError, ConfigurationError, FeatureError
from trimtab.models import description
from trimtab.models.description import Description, read_description
from trimtab.models.inputs import TrainingRows, checked_features, training_rows
from trimtab.models.parameters import ParameterSpec, complete
from trimtab.models.protocol import FitContext, Forecast

RULES = ("mean", "majority", "buy_and_hold", "last_value", "moving_average")
# What a rule reads when no feature is named: the first of these that the dataset has.
READS = {
    "last_value": ("return_1", "log_return_1"),
    "moving_average": ("sma_distance_20", "sma_distance_50", "sma_distance_10", "ema_distance_20"),
}
LEAST = 0.51  # the probability of a side whose rule was right in half of the training rows or fewer
SPECS = (ParameterSpec("rule", "choice", "mean", choices=RULES), ParameterSpec("feature", "text", ""))


@dataclass(frozen=True)
class FittedNaive:
    """A rule with the few numbers it needs.

    Attributes
    ----------
    mean: the weighted mean of the training target: what is said where the rule names no side.
    up, down: what is said for either side.
    feature: the column whose sign is the side; None for a rule that reads none and always says `up`.
    """

    family: ClassVar[str] = "naive"
    window: ClassVar[int] = 1
    task: Task
    feature_names: tuple[str, ...]
    parameters: Mapping[str, Any]
    mean: float
    up: float
    down: float
    feature: str | None = None

    def predict(self, features: np.ndarray) -> Forecast:
        rows = checked_features(features, self.feature_names)
        if self.feature is None:
            return Forecast(np.full(len(rows), self.up))
        read = rows[:, self.feature_names.index(self.feature)]
        if self.parameters.get("rule") == "last_value" and self.task == "regression":
            return Forecast(np.where(np.isnan(read), self.mean, read))
        return Forecast(np.select([read > 0.0, read < 0.0], [self.up, self.down], self.mean))

    def save(self) -> dict[str, bytes]:
        learned = {"mean": self.mean, "up": self.up, "down": self.down, "feature": self.feature}
        return {
            description.FILE: Description(
                self.family, self.task, self.feature_names, self.parameters, learned
            ).to_bytes()
        }

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> FittedNaive:
        described = read_description(files, cls.family)
        learned = described.learned
        try:
            numbers = {name: float(learned[name]) for name in ("mean", "up", "down")}
            feature = learned["feature"]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ArtifactError(
                f"the naive model has not the numbers of its rule ({error!r}); train it again"
            ) from error
        if not np.isfinite(list(numbers.values())).all() or feature not in (None, *described.feature_names):
            raise ArtifactError("the naive model says what is no number, or reads a feature it has not; train it again")
        return cls(described.task, described.feature_names, described.parameters, feature=feature, **numbers)

    def importance(self) -> dict[str, float]:
        return {}


@dataclass(frozen=True)
class Naive:
    """The naive family: `rule`, and `feature`, the column that `last_value` or `moving_average` reads.

    >>> Naive({"rule": "last_value"}).parameters
    {'rule': 'last_value', 'feature': ''}
    """

    family: ClassVar[str] = "naive"
    window: ClassVar[int] = 1
    given: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rule, feature = complete(self.family, SPECS, self.given).values()
        if feature and rule not in READS:
            raise ConfigurationError(
                f"feature '{feature}' is given for the naive rule '{rule}', which reads none; "
                f"leave it out or choose {' or '.join(READS)}"
            )

    @property
    def parameters(self) -> dict[str, Any]:
        return complete(self.family, SPECS, self.given)

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> FittedNaive:
        rows, rule = training_rows(train), self.parameters["rule"]
        mean = float(np.average(rows.target, weights=rows.weight))
        if rule == "mean":
            return FittedNaive(train.task, train.feature_names, self.parameters, mean, mean, mean)
        feature = self._feature(train.feature_names)
        side = self._side(rows, train.task, None if feature is None else train.feature_names.index(feature))
        up, down = _both_sides(rows, train.task, side)
        said = (down, down) if feature is None and side[0] < 0 else (up, down)
        return FittedNaive(train.task, train.feature_names, self.parameters, mean, *said, feature)

    def _side(self, rows: TrainingRows, task: Task, column: int | None) -> np.ndarray:
        """What the rule says of the training rows: 1 up, -1 down, 0 nothing."""
        if column is not None:
            return np.sign(np.nan_to_num(rows.features[:, column]))
        if self.parameters["rule"] == "buy_and_hold":
            return np.ones(len(rows.target))
        return np.full(len(rows.target), 1.0 if rows.weight @ _direction(rows, task) >= 0.0 else -1.0)

    def _feature(self, names: tuple[str, ...]) -> str | None:
        """The column the rule reads; `FeatureError` where the dataset has none that fits."""
        rule, given = self.parameters["rule"], self.parameters["feature"]
        if rule not in READS:
            return None
        wanted = (given,) if given else READS[rule]
        for name in wanted:
            if name in names:
                return str(name)
        close = get_close_matches(wanted[0], names, n=1)
        hint = f" (there is '{close[0]}')" if close else ""
        raise FeatureError(
            f"the naive rule '{rule}' reads {' or '.join(wanted)}, which the dataset has not{hint}; "
            "add it to the features of the strategy or name another one in parameters.feature"
        )


def _direction(rows: TrainingRows, task: Task) -> np.ndarray:
    """Where the training targets went: 1 up (or class 1), -1 down, 0 nowhere."""
    return np.sign(rows.target - 0.5 if task == "classification" else rows.target)


def _both_sides(rows: TrainingRows, task: Task, side: np.ndarray) -> tuple[float, float]:
    """What a rule says when it says up and when it says down."""
    if task == "regression":
        size = float(np.average(np.abs(rows.target), weights=rows.weight))
        return size, -size
    spoken = side != 0.0
    weight = rows.weight[spoken]
    right = side[spoken] == _direction(rows, task)[spoken]
    hits = max(float(np.average(right, weights=weight)), LEAST) if spoken.any() else LEAST
    return hits, 1.0 - hits
