"""A workspace in which every stage dies once, at the worst moment: all is stored, nothing is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.pipeline.workspace import Workspace
from trimtab.storage.manifests import Manifest, ManifestStore


class Died(BaseException):
    """Not an `Exception`, so that nothing on the way takes it for an error to be handled."""


@dataclass(frozen=True)
class DyingManifests(ManifestStore):
    """Dies instead of writing the first manifest of each stage and key; `deaths` remembers which did."""

    deaths: list[str]

    def record(
        self, stage: str, key: str, inputs: Mapping[str, Any], output_fingerprint: str, summary: dict[str, Any]
    ) -> Manifest:
        if f"{stage}/{key}" not in self.deaths:
            self.deaths.append(f"{stage}/{key}")
            raise Died(f"{stage}/{key}")
        return super().record(stage, key, inputs, output_fingerprint, summary)


@dataclass(frozen=True)
class DyingWorkspace(Workspace):
    """A workspace whose stages die once each."""

    deaths: list[str] = field(default_factory=list)

    @property
    def manifests(self) -> ManifestStore:
        return DyingManifests(self.lake.root / "manifests", self.deaths)
