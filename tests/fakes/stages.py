"""Stages that compute nothing: what orchestration does with results, failures and failed checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagster_project.assets import STAGES
from dagster_project.stage_asset import StageSpec
from trimtab.errors import SourceError
from trimtab.pipeline.stage import CheckOutcome, StageResult
from trimtab.pipeline.workspace import Workspace


@dataclass
class FakeStages:
    """Stages for every asset, which record their calls and fail where they are told to.

    Attributes
    ----------
    raising: (asset, key) pairs that raise an error.
    failing: (asset, key, check) triples whose check does not pass.
    plot: a PNG file every result shows, when given.
    calls: the (asset, key) pairs in the order they ran.
    """

    raising: set[tuple[str, str]] = field(default_factory=set)
    failing: set[tuple[str, str, str]] = field(default_factory=set)
    plot: Path | None = None
    calls: list[tuple[str, str]] = field(default_factory=list)

    def stages(self) -> dict[str, Callable[[Any, str], StageResult]]:
        """One function per asset, as `Running.stages` takes them."""
        return {spec.name: self._stage(spec) for spec in STAGES}

    def ran(self, asset: str) -> list[str]:
        """The keys an asset ran for."""
        return [key for name, key in self.calls if name == asset]

    def _stage(self, spec: StageSpec) -> Callable[[Workspace, str], StageResult]:
        def stage(workspace: Workspace, key: str) -> StageResult:
            self.calls.append((spec.name, key))
            if (spec.name, key) in self.raising:
                raise SourceError(f"the source has no bars for {key}")
            return self._result(spec, key)

        return stage

    def _result(self, spec: StageSpec, key: str) -> StageResult:
        checks = tuple(
            CheckOutcome(
                check.name, (spec.name, key, check.name) not in self.failing, check.blocking, f"{check.name}?", {"n": 1}
            )
            for check in spec.checks
        )
        return StageResult(
            stage=spec.name,
            key=key,
            data_version=f"version-of-{spec.name}-{key}",
            metrics={"rows": 10, "share": 0.5, "unknown": None, "not_a_number": float("nan"), "word": "calm"},
            tables={"rows by kind": [{"kind": "a", "rows": 7, "share": 0.7}, {"kind": "b", "rows": None, "share": 1}]},
            plots={"A plot": self.plot} if self.plot else {},
            links={"table": Path("/somewhere/table.parquet")},
            checks=checks,
        )
