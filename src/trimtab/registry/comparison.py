"""What is different between two model versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trimtab.registry.models import ModelVersion
from trimtab.registry.versions import changed_keys, configuration_of


@dataclass(frozen=True)
class VersionComparison:
    """Two versions side by side.

    Attributes
    ----------
    first, second: the versions.
    changed: dotted keys of configuration and hyper-parameters that differ, with both values.
    metrics: every metric of either, with both values (None when a version does not have it).
    features_added, features_removed: names in the second only, in the first only.
    is_same_data: whether both were trained on the same rows.
    """

    first: ModelVersion
    second: ModelVersion
    changed: dict[str, tuple[Any, Any]]
    metrics: dict[str, tuple[Any, Any]]
    features_added: tuple[str, ...]
    features_removed: tuple[str, ...]
    is_same_data: bool


def compare(
    first: ModelVersion, second: ModelVersion, first_features: set[str], second_features: set[str]
) -> VersionComparison:
    """Compare two versions with the names of their features."""
    before, after = (configuration_of(m.configuration, m.algorithm, m.hyper_parameters) for m in (first, second))
    return VersionComparison(
        first=first,
        second=second,
        changed={key: (_value(before, key), _value(after, key)) for key in changed_keys(before, after)},
        metrics={
            name: (first.metrics.get(name), second.metrics.get(name))
            for name in sorted(first.metrics.keys() | second.metrics.keys())
        },
        features_added=tuple(sorted(second_features - first_features)),
        features_removed=tuple(sorted(first_features - second_features)),
        is_same_data=first.dataset_fingerprint == second.dataset_fingerprint,
    )


def _value(configuration: Any, key: str) -> Any:
    for part in key.split("."):
        if not isinstance(configuration, dict):
            return None
        configuration = configuration.get(part)
    return configuration
