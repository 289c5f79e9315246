"""Semantic versions of models: what a number says about the step from the parent.

First version 1.0.0. The same configuration on new data is a patch (1.0.1); another model or
other hyper-parameters a minor step (1.1.0); other features, label or universe a major step
(2.0.0), because forecasts then answer another question or need other inputs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from trimtab.errors import RegistryError
from trimtab.registry.plain import plain

Level = Literal["major", "minor", "patch"]

MAJOR_PARTS = ("universe", "features", "label")
# How a version is judged, renewed and described says nothing about the model itself.
GOVERNANCE_PARTS = (
    "name", "description", "author", "validation", "backtest", "gates", "retraining", "drift", "deployment",
)  # fmt: skip


@dataclass(frozen=True, order=True)
class SemanticVersion:
    """Three numbers, ordered as numbers.

    >>> SemanticVersion.parse("1.9.0") < SemanticVersion.parse("1.10.0")
    True
    >>> str(SemanticVersion.parse("1.4.2").next("minor"))
    '1.5.0'
    """

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> SemanticVersion:
        """Read `major.minor.patch`."""
        if not re.fullmatch(r"\d+\.\d+\.\d+", text):
            raise RegistryError(f"version '{text}' is not of the form major.minor.patch, such as 1.0.2")
        return cls(*map(int, text.split(".")))

    def next(self, level: Level) -> SemanticVersion:
        """The version one step further."""
        if level == "major":
            return SemanticVersion(self.major + 1, 0, 0)
        if level == "minor":
            return SemanticVersion(self.major, self.minor + 1, 0)
        return SemanticVersion(self.major, self.minor, self.patch + 1)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


FIRST = SemanticVersion(1, 0, 0)


def changed_keys(before: Any, after: Any, prefix: str = "") -> tuple[str, ...]:
    """Dotted keys whose values differ between two configurations, sorted.

    >>> changed_keys({"label": {"kind": "direction"}}, {"label": {"kind": "direction", "horizon": 5}})
    ('label.horizon',)
    """
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return () if before == after else (prefix,)
    found: list[str] = []
    for key in sorted(before.keys() | after.keys()):
        name = f"{prefix}.{key}" if prefix else str(key)
        if (key in before) != (key in after):
            found.append(name)
        else:
            found.extend(changed_keys(before[key], after[key], name))
    return tuple(found)


def change_level(changed: tuple[str, ...]) -> Level:
    """How far the changed keys of a configuration move the version.

    >>> change_level(("features.sets", "model.algorithm")), change_level(("model.scaling",)), change_level(())
    ('major', 'minor', 'patch')
    """
    parts = {key.split(".")[0] for key in changed}
    if parts & set(MAJOR_PARTS):
        return "major"
    return "minor" if parts - set(GOVERNANCE_PARTS) else "patch"


def configuration_of(configuration: Mapping[str, Any], algorithm: str, hyper_parameters: Mapping[str, Any]) -> Any:
    """What two versions are compared by: the configuration with algorithm and hyper-parameters."""
    return plain({**configuration, "algorithm": algorithm, "hyper_parameters": dict(hyper_parameters)})


def changelog(parent: str | None, level: Level, changed: tuple[str, ...], *, is_new_data: bool) -> str:
    """One sentence for people: what is different from the parent.

    >>> changelog("1.0.0", "patch", (), is_new_data=True)
    'patch of 1.0.0: trained on new data'
    """
    if parent is None:
        return "first version"
    changes = [f"changed {', '.join(changed)}"] if changed else []
    changes += ["trained on new data"] if is_new_data else []
    return f"{level} of {parent}: {'; '.join(changes) or 'trained again on the same data'}"
