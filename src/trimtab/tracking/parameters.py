"""The parameters of a run as a person compares them: one value a name, however many models wrap each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WRAPPED = "parameters"  # a model that wraps another tells the inner one's settings under this name
FAMILY = "family"


def flat_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """One name for each value: nested ones are joined by dots, and wrapping adds nothing to a name.

    A model that wraps another (its certainty, its horizons, its preparation of inputs) tells its own family and,
    under "parameters", the inner model's. The inner family is what a strategy file names, so it is the one kept.

    >>> flat_parameters({"family": "confident", "parameters": {"family": "lstm", "epochs": 3}, "members": {"a": 1}})
    {'family': 'lstm', 'members.a': 1, 'epochs': 3}
    """
    outer = {name: value for name, value in parameters.items() if not _is_wrapped(name, value)}
    inner = [flat_parameters(value) for name, value in parameters.items() if _is_wrapped(name, value)]
    found = flattened(outer)
    for each in inner:
        # Another name that both have: the inner one says where it stands, so that neither is lost.
        found |= {f"{WRAPPED}.{n}" if n in found and n != FAMILY else n: value for n, value in each.items()}
    return found


def flattened(mapping: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, the names joined by dots.

    >>> flattened({"libraries": {"numpy": "2"}, "python": "3.11"})
    {'libraries.numpy': '2', 'python': '3.11'}
    """
    found: dict[str, Any] = {}
    for name, value in mapping.items():
        found |= flattened(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return found


def _is_wrapped(name: str, value: Any) -> bool:
    return name == WRAPPED and isinstance(value, Mapping)
