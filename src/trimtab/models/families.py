"""The model families there are, by name. A family is one file and one line in `FAMILIES`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast

from trimtab.errors import ArtifactError, ConfigurationError, UnknownNameError, extra
from trimtab.models.description import FILE, read_description
from trimtab.models.parameters import space_of
from trimtab.models.protocol import FittedForecaster, Forecaster
from trimtab.models.space import SearchSpace


@dataclass(frozen=True)
class Family:
    """Where a family lives and which files its models may have.

    Attributes
    ----------
    module: its module under `trimtab.models`, imported on first use: a booster is heavy.
    forecaster, fitted: the names of its two classes there; the first is called with the parameters.
    files: the names its stored models have, exactly.
    needs: the extra that brings the library behind it, where it is not always installed.
    folders: prefix of the folders that hold inner models, when it has any.
    """

    module: str
    forecaster: str
    fitted: str
    files: frozenset[str] = field(default_factory=lambda: frozenset({FILE}))
    folders: str | None = None
    needs: str | None = None

    def load(self, name: str) -> Any:
        """An attribute of the family's module; `MissingExtraError` where its library is not installed."""
        with extra(self.needs):
            return getattr(import_module(f"trimtab.models.{self.module}"), name)


def _network(module: str) -> Family:
    name = "".join(part.capitalize() for part in module.split("_"))
    files = frozenset({FILE, "weights.safetensors"})
    return Family(f"networks.{module}", name, "FittedNetwork", files, needs="networks")


FAMILIES: dict[str, Family] = {
    "lightgbm": Family("lightgbm_model", "LightGBM", "FittedLightGBM", frozenset({FILE, "booster.txt"})),
    "xgboost": Family("xgboost_model", "XGBoost", "FittedXGBoost", frozenset({FILE, "booster.ubj"})),
    "random_forest": Family("random_forest", "RandomForest", "FittedForest", frozenset({FILE, "trees.safetensors"})),
    "linear": Family("linear", "Linear", "FittedLinear"),
    "naive": Family("naive", "Naive", "FittedNaive"),
    "dense": _network("dense"),
    "lstm": _network("lstm"),
    "cnn": _network("cnn"),
    "tcn": _network("tcn"),
    "transformer": _network("transformer"),
    "ensemble": Family("ensemble", "ensemble_from", "FittedEnsemble", folders="member_"),
    "preprocessed": Family(
        "preprocessed", "PreprocessedForecaster", "FittedPreprocessed", frozenset({FILE, "preprocessing.json"}), "model"
    ),
    "confident": Family(
        "confident", "ConfidentForecaster", "FittedConfident", frozenset({FILE, "confidence.safetensors"}), "model"
    ),
    "horizons": Family("horizons", "HorizonsForecaster", "FittedHorizons", folders="horizon_"),
}
WRAPPERS = frozenset({"ensemble", "preprocessed", "confident", "horizons"})
# What a person may name in a strategy file; the other wrappers come from keys of their own, such as `scaling`.
CHOOSABLE = tuple(sorted(set(FAMILIES) - WRAPPERS | {"ensemble"}))


def find_family(name: str) -> Family:
    """A family by name, or `UnknownNameError` listing the names a person may choose."""
    if name not in FAMILIES:
        raise UnknownNameError("model family", name, CHOOSABLE)
    return FAMILIES[name]


def make_forecaster(name: str, parameters: Mapping[str, Any] | None = None) -> Forecaster:
    """A family ready to be trained, the absent parameters at their defaults.

    Raises `UnknownNameError` for a family or parameter there is not, `ConfigurationError` for a
    value outside the allowed range.

    >>> make_forecaster("linear", {"l2": 10}).parameters
    {'l2': 10.0}
    """
    family = find_family(name)
    return cast(Forecaster, family.load(family.forecaster)(dict(parameters or {})))


def default_parameters(name: str) -> dict[str, Any]:
    """The parameters of a family when nothing is said."""
    return dict(make_forecaster(name).parameters)


def search_space(name: str) -> SearchSpace:
    """What a study may vary for a simple family, the most telling parameter first.

    What wraps other families ("ensemble", "preprocessed") has no space of its own: see
    `trimtab.models.configured.configured_space`.
    """
    if name in WRAPPERS:
        raise ConfigurationError(f"'{name}' wraps other families; search the spaces of what is inside it")
    return space_of(find_family(name).load("SPECS"))


def load_fitted(files: Mapping[str, bytes]) -> FittedForecaster:
    """Rebuild a model of any family from its files, whose hashes have been checked already."""
    family = stored_family(files)
    return cast(FittedForecaster, family.load(family.fitted).load(files))


def stored_family(files: Mapping[str, bytes]) -> Family:
    """The family that the files of a model name; `ArtifactError` where there is no such family."""
    name = read_description(files).family
    if name not in FAMILIES:
        raise ArtifactError(
            f"the model's {FILE} names the family '{name}', which this trimtab has not; train the model again"
        )
    return FAMILIES[name]
