"""What changed from one dataset to another: what they were made from, which samples, and which numbers in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trimtab.datasets.schema import Dataset, HorizonLabels

_OF_FEATURES = {"features", "feature_versions"}  # told by name instead
SHOWN = 3  # names in the summary
_ABSENT = "(none)"


@dataclass(frozen=True)
class RecipeChange:
    """A key of the recipe with its value in both; `(none)` where one has no such key."""

    key: str
    one: Any
    other: Any


@dataclass(frozen=True)
class FeatureChange:
    """A feature with other values in samples that both datasets have.

    Attributes
    ----------
    name: of the feature.
    n_differing: samples in which it differs, a value against NaN included.
    largest: the largest absolute difference where both have a value; 0 where they never do.
    """

    name: str
    n_differing: int
    largest: float


@dataclass(frozen=True)
class Comparison:
    """What is different in `other`, seen from `one`. A sample is known by its instrument and its bar.

    Attributes
    ----------
    recipe: changed keys, `section.key` where they are nested; features are told below.
    added, removed, renewed: features only in `other`, only in `one`, and in both by another version of their code.
    n_only_one, n_only_other, n_both: samples.
    targets: per horizon that both have, samples in both whose target differs (or exists in one alone).
    n_weights: samples in both whose weight of the first horizon differs by more than a billionth, or that were
        superseded at another time.
    features: those with other values in samples of both, most differing first.
    """

    recipe: tuple[RecipeChange, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    renewed: tuple[str, ...]
    n_only_one: int
    n_only_other: int
    n_both: int
    targets: dict[int, int]
    n_weights: int
    features: tuple[FeatureChange, ...]

    @property
    def is_identical(self) -> bool:
        """Whether nothing differs: recipe, features, samples and every number."""
        differences = (self.recipe, self.added, self.removed, self.renewed, self.features)
        counts = (self.n_only_one, self.n_only_other, self.n_weights, *self.targets.values())
        return not any(differences) and not any(counts)

    @property
    def summary(self) -> str:
        """The whole in one paragraph."""
        if self.is_identical:
            return f"Identical: the same recipe, features, targets and weights in all {self.n_both:,} samples."
        samples = (
            f"{self.n_both:,} samples are in both, {self.n_only_one:,} only in the first and "
            f"{self.n_only_other:,} only in the second."
        )
        return " ".join([samples, _recipe_sentence(self), _feature_sentence(self), _number_sentence(self)])


def compare_datasets(one: tuple[Dataset, Mapping[str, Any]], other: tuple[Dataset, Mapping[str, Any]]) -> Comparison:
    """Compare two datasets, each given with its recipe, as `load_snapshot` returns them."""
    (first, first_recipe), (second, second_recipe) = one, other
    at, other_at = _common(first, second)
    versions, other_versions = first_recipe["feature_versions"], second_recipe["feature_versions"]
    weights = np.isclose(first.weight[at], second.weight[other_at], rtol=1e-9, atol=0.0)
    weights &= _superseded_at(first)[at] == _superseded_at(second)[other_at]
    return Comparison(
        recipe=tuple(_recipe_changes(first_recipe, second_recipe)),
        added=tuple(name for name in second.feature_names if name not in first.feature_names),
        removed=tuple(name for name in first.feature_names if name not in second.feature_names),
        renewed=tuple(n for n in versions if n in other_versions and versions[n] != other_versions[n]),
        n_only_one=len(first) - len(at),
        n_only_other=len(second) - len(other_at),
        n_both=len(at),
        targets=_changed_targets(first, second, at, other_at),
        n_weights=int((~weights).sum()),
        features=_changed_features(first, second, at, other_at),
    )


def _superseded_at(dataset: Dataset) -> np.ndarray:
    """In microseconds, so that never equals never."""
    at = dataset.superseded_at
    never = np.full(len(dataset), np.datetime64("NaT"), "datetime64[us]")
    return (never if at is None else at).astype(np.int64)


def _common(one: Dataset, other: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """The row positions in both of the samples that are in both."""
    rows, other_rows = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for name in set(one.instruments) & set(other.instruments):
        own = np.flatnonzero(one.instrument == one.instruments.index(name))
        others = np.flatnonzero(other.instrument == other.instruments.index(name))
        _, at, other_at = np.intersect1d(
            one.event_time[own], other.event_time[others], assume_unique=True, return_indices=True
        )
        rows.append(own[at])
        other_rows.append(others[other_at])
    return np.concatenate(rows), np.concatenate(other_rows)


def _recipe_changes(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[RecipeChange]:
    flat, other_flat = dict(_flat(one)), dict(_flat(other))
    for key in sorted({*flat, *other_flat}):
        before, after = flat.get(key, _ABSENT), other_flat.get(key, _ABSENT)
        if before != after:
            yield RecipeChange(key, before, after)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if not prefix and key in _OF_FEATURES:
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _changed_targets(one: Dataset, other: Dataset, at: np.ndarray, other_at: np.ndarray) -> dict[int, int]:
    own, others = _targets(one), _targets(other)
    return {
        horizon: int(_differs(own[horizon][at], others[horizon][other_at]).sum())
        for horizon in own
        if horizon in others
    }


def _targets(dataset: Dataset) -> dict[int, np.ndarray]:
    each: tuple[HorizonLabels | Dataset, ...] = dataset.by_horizon or (dataset,)
    return {labels.horizon: labels.target for labels in each}


def _differs(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Where two numbers are not the same; NaN is the same as NaN."""
    differs: np.ndarray = (one != other) & ~(np.isnan(one) & np.isnan(other))
    return differs


def _changed_features(one: Dataset, other: Dataset, at: np.ndarray, other_at: np.ndarray) -> tuple[FeatureChange, ...]:
    found = []
    for column, name in enumerate(one.feature_names):
        if name not in other.feature_names:
            continue
        own, others = one.features[at, column], other.features[other_at, other.feature_names.index(name)]
        differs = _differs(own, others)
        if differs.any():
            gap = np.abs(own[differs] - others[differs])
            largest = float(np.nanmax(gap)) if not np.isnan(gap).all() else 0.0
            found.append(FeatureChange(name, int(differs.sum()), largest))
    return tuple(sorted(found, key=lambda change: (-change.n_differing, change.name)))


def _recipe_sentence(found: Comparison) -> str:
    if not found.recipe:
        return "The recipes agree, features aside."
    return f"The recipes differ in {_listed([change.key for change in found.recipe])}."


def _feature_sentence(found: Comparison) -> str:
    told = {"added": found.added, "removed": found.removed, "computed by another version": found.renewed}
    parts = [f"{len(names)} {what} ({_listed(names)})" for what, names in told.items() if names]
    return f"Features: {', '.join(parts)}." if parts else "They have the same features."


def _number_sentence(found: Comparison) -> str:
    if not found.n_both:
        return "There is nothing to compare number by number."
    targets = ", ".join(f"{n:,} targets over {horizon} bars" for horizon, n in found.targets.items())
    start = (
        f"Of the samples in both, {targets or 'no target of a common horizon'} and {found.n_weights:,} weights differ"
    )
    if not found.features:
        return f"{start}; no feature does."
    most = [f"{change.name} in {change.n_differing:,}" for change in found.features]
    return f"{start}; {len(most)} features do: {_listed(most)}."


def _listed(names: Any) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
