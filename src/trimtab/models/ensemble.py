"""Weighted ensemble: the weighted mean of what its members say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.errors import ArtifactError, ConfigurationError
from trimtab.models import description
from trimtab.models.description import Description, read_description
from trimtab.models.families import load_fitted, make_forecaster
from trimtab.models.forecasting import last_bars
from trimtab.models.inputs import checked_features
from trimtab.models.nesting import inner_files, nested
from trimtab.models.protocol import FitContext, FittedForecaster, Forecast, Forecaster

DEFAULT_MEMBERS = {"lightgbm": 0.5, "linear": 0.5}


@dataclass(frozen=True)
class Member:
    """One voice: its name in the forecast, what is trained, and its weight (any positive number)."""

    name: str
    forecaster: Forecaster
    weight: float


@dataclass(frozen=True)
class FittedEnsemble:
    """Fitted members with weights that sum to 1; `Forecast.members` holds what each says."""

    family: ClassVar[str] = "ensemble"
    task: Task
    feature_names: tuple[str, ...]
    parameters: Mapping[str, Any]
    names: tuple[str, ...]
    weights: tuple[float, ...]
    members: tuple[FittedForecaster, ...] = field(repr=False)

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
        value = np.zeros(len(rows))
        for weight, voice in zip(self.weights, said.values(), strict=True):
            value += weight * voice
        # Weights that sum to 1 but for rounding must not lead out of the range of the members.
        low, high = np.min(list(said.values()), axis=0), np.max(list(said.values()), axis=0)
        return Forecast(np.clip(value, low, high), said)

    def save(self) -> dict[str, bytes]:
        learned = {"names": list(self.names), "weights": list(self.weights)}
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
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"the ensemble's members are damaged ({error!r}); train it again") from error
        members = tuple(load_fitted(inner_files(f"member_{i}", files)) for i in range(len(names)))
        if not names or len(weights) != len(names) or min(weights) < 0 or abs(sum(weights) - 1.0) > 1e-9:
            raise ArtifactError("the ensemble's weights do not fit its members; train it again")
        for name, member in zip(names, members, strict=True):
            if member.feature_names != described.feature_names or member.task != described.task:
                raise ArtifactError(
                    f"member '{name}' expects other features or another task than its ensemble; train it again"
                )
        return cls(described.task, described.feature_names, described.parameters, names, weights, members)

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

    >>> both = WeightedEnsemble([Member("a", make_forecaster("naive"), 3), Member("b", make_forecaster("linear"), 1)])
    >>> both.weights
    (0.75, 0.25)
    """

    family: ClassVar[str] = "ensemble"
    members: Sequence[Member]

    def __post_init__(self) -> None:
        names = [member.name for member in self.members]
        if not names or len(set(names)) != len(names):
            raise ConfigurationError(f"an ensemble needs members with different names, not {names}")
        for member in self.members:
            if not (member.weight > 0 and np.isfinite(member.weight)):
                raise ConfigurationError(
                    f"member '{member.name}' has the weight {member.weight}; it must be greater than 0"
                )

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
        for member in self.members:
            own |= {f"{member.name}.{name}": value for name, value in member.forecaster.parameters.items()}
        return own

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> FittedEnsemble:
        fitted = tuple(
            member.forecaster.fit(train, validation, replace(context, seed=context.seed + position))
            for position, member in enumerate(self.members)
        )
        names = tuple(member.name for member in self.members)
        return FittedEnsemble(train.task, train.feature_names, self.parameters, names, self.weights, fitted)


def ensemble_from(given: Mapping[str, Any]) -> WeightedEnsemble:
    """An ensemble from parameters: `members` (family → weight) and `<family>.<parameter>`.

    Members stand in the order of their names: the order of a table in a file must not matter.

    >>> ensemble_from({"members": {"linear": 1, "naive": 1}, "linear.l2": 5}).parameters["linear.l2"]
    5.0
    """
    own = dict(given)
    weights = own.pop("members", DEFAULT_MEMBERS)
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
        [Member(name, make_forecaster(name, parameters[name]), w) for name, w in sorted(weights.items())]
    )
