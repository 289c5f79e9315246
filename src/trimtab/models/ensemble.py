"""Ensemble: several families trained on the same rows, and one forecast made of what they say.

How the forecasts become one is its `combination`: see `trimtab.models.combination`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.errors import ArtifactError, ConfigurationError
from trimtab.models import description
from trimtab.models.combination import SPECS as COMBINATIONS
from trimtab.models.combination import combine, complete_combination, is_parameter, learn_weights
from trimtab.models.description import Description, read_description
from trimtab.models.families import load_fitted, make_forecaster
from trimtab.models.forecasting import last_bars
from trimtab.models.inputs import checked_features
from trimtab.models.nesting import inner_context, inner_files, nested
from trimtab.models.protocol import FitContext, FittedForecaster, Forecast, Forecaster
from trimtab.models.stacking import Stack

DEFAULT_MEMBERS = {"lightgbm": 0.5, "linear": 0.5}


@dataclass(frozen=True)
class Member:
    """One voice: its name in the forecast, what is trained, and its weight (any positive number)."""

    name: str
    forecaster: Forecaster
    weight: float


@dataclass(frozen=True)
class FittedEnsemble:
    """Fitted members and what combines them; `Forecast.members` holds what each says.

    Attributes
    ----------
    weights: of the members: those given, or learnt; they sum to 1 but in stacking.
    intercept: learnt by stacking, otherwise 0.
    """

    family: ClassVar[str] = "ensemble"
    task: Task
    feature_names: tuple[str, ...]
    parameters: Mapping[str, Any]
    names: tuple[str, ...]
    weights: tuple[float, ...]
    members: tuple[FittedForecaster, ...] = field(repr=False)
    intercept: float = 0.0

    @property
    def combination(self) -> str:
        """How the members become one forecast; a model stored before there was a choice took the mean."""
        return str(self.parameters.get("combination", "mean"))

    @property
    def window(self) -> int:
        """The longest window of the members; the others are given its newest bars."""
        return max(member.window for member in self.members)

    def predict(self, features: np.ndarray) -> Forecast:
        rows = checked_features(features, self.feature_names, self.window)
        said = {
            name: member.predict(last_bars(rows, member.window)).value
            for name, member in zip(self.names, self.members, strict=True)
        }
        learnt = Stack(self.weights, self.intercept)
        return Forecast(combine(self.combination, self.task, list(said.values()), learnt), said)

    def save(self) -> dict[str, bytes]:
        learned: dict[str, Any] = {"names": list(self.names), "weights": list(self.weights)}
        if self.combination == "stacking":
            learned["intercept"] = self.intercept
        described = Description(self.family, self.task, self.feature_names, self.parameters, learned)
        files = {description.FILE: described.to_bytes()}
        for position, member in enumerate(self.members):
            files |= nested(f"member_{position}", member.save())
        return files

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> FittedEnsemble:
        described = read_description(files, cls.family)
        try:
            names = tuple(str(name) for name in described.learned["names"])
            weights = tuple(float(weight) for weight in described.learned["weights"])
            intercept = float(described.learned.get("intercept", 0.0))
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"the ensemble's members are damaged ({error!r}); train it again") from error
        members = tuple(load_fitted(inner_files(f"member_{i}", files)) for i in range(len(names)))
        kind = str(described.parameters.get("combination", "mean"))
        if kind not in COMBINATIONS or not np.isfinite([*weights, intercept]).all():
            raise ArtifactError(f"the ensemble's combination ({kind}) or its weights are damaged; train it again")
        is_mean = kind == "stacking" or abs(sum(weights) - 1.0) <= 1e-9
        if not names or len(weights) != len(names) or min(weights) < 0 or not is_mean:
            raise ArtifactError("the ensemble's weights do not fit its members; train it again")
        for name, member in zip(names, members, strict=True):
            if member.feature_names != described.feature_names or member.task != described.task:
                raise ArtifactError(
                    f"member '{name}' expects other features or another task than its ensemble; train it again"
                )
        return cls(described.task, described.feature_names, described.parameters, names, weights, members, intercept)

    def importance(self) -> dict[str, float]:
        """The weighted mean over the members that report one."""
        reported = [(w, m.importance()) for w, m in zip(self.weights, self.members, strict=True)]
        total = sum(weight for weight, shares in reported if shares)
        if not total:
            return {}
        return {name: sum(w * s[name] for w, s in reported if s) / total for name in self.feature_names}


@dataclass(frozen=True)
class WeightedEnsemble:
    """Members trained on the same rows, each with its own seed derived from the context's.

    `combination` holds the parameters of how they become one forecast, see `complete_combination`.

    >>> both = WeightedEnsemble([Member("a", make_forecaster("naive"), 3), Member("b", make_forecaster("linear"), 1)])
    >>> both.weights
    (0.75, 0.25)
    """

    family: ClassVar[str] = "ensemble"
    members: Sequence[Member]
    combination: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [member.name for member in self.members]
        if not names or len(set(names)) != len(names):
            raise ConfigurationError(f"an ensemble needs members with different names, not {names}")
        for member in self.members:
            if not (member.weight > 0 and np.isfinite(member.weight)):
                raise ConfigurationError(
                    f"member '{member.name}' has the weight {member.weight}; it must be greater than 0"
                )
        complete_combination(self.combination)

    @property
    def window(self) -> int:
        """The longest window of the members."""
        return max(member.forecaster.window for member in self.members)

    @property
    def weights(self) -> tuple[float, ...]:
        """The weights, made to sum to 1."""
        total = sum(member.weight for member in self.members)
        return tuple(member.weight / total for member in self.members)

    @property
    def parameters(self) -> dict[str, Any]:
        own: dict[str, Any] = {"members": {member.name: member.weight for member in self.members}}
        own |= complete_combination(self.combination)
        for member in self.members:
            own |= {f"{member.name}.{name}": value for name, value in member.forecaster.parameters.items()}
        return own

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> FittedEnsemble:
        fitted = tuple(
            member.forecaster.fit(train, validation, inner_context(context, f"member_{i}", seed=context.seed + i))
            for i, member in enumerate(self.members)
        )
        names, parameters = tuple(member.name for member in self.members), self.parameters
        unfitted = [member.forecaster for member in self.members]
        learnt = learn_weights(parameters, unfitted, self.weights, train, inner_context(context, "combination"))
        return FittedEnsemble(
            train.task, train.feature_names, parameters, names, learnt.weights, fitted, learnt.intercept
        )


def ensemble_from(given: Mapping[str, Any]) -> WeightedEnsemble:
    """An ensemble from parameters: `members` (family → weight), `combination`, and `<family>.<parameter>`.

    Members stand in the order of their names: the order of a table in a file must not matter.

    >>> ensemble_from({"members": {"linear": 1, "naive": 1}, "linear.l2": 5}).parameters["linear.l2"]
    5.0
    """
    own = dict(given)
    weights = own.pop("members", DEFAULT_MEMBERS)
    combination = {key: own.pop(key) for key in given if is_parameter(key)}
    parameters: dict[str, dict[str, Any]] = {name: {} for name in weights}
    for key, value in own.items():
        name, _, parameter = key.partition(".")
        if name not in parameters or not parameter:
            raise ConfigurationError(
                f"parameter '{key}' of the ensemble belongs to none of its members ({', '.join(sorted(parameters))}); "
                "write <member>.<parameter>"
            )
        parameters[name][parameter] = value
    return WeightedEnsemble(
        [Member(name, make_forecaster(name, parameters[name]), w) for name, w in sorted(weights.items())], combination
    )
