"""How a feature is told: the catalogue's entry as JSON values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimtab.features.catalogue import Feature


def describe(feature: Feature) -> dict[str, Any]:
    """A feature as JSON values."""
    return {
        "name": feature.name,
        "family": feature.family,
        "description": feature.description,
        "formula": feature.formula,
        "inputs": list(feature.inputs),
        "lookback": feature.lookback,
        "warmup": feature.warmup,
        "bounds": list(feature.bounds),
        "unknown_when": feature.unknown_when,
        "version": feature.version,
    }
