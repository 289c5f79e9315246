"""What a stage of the pipeline hands back: enough to show it, nothing to compute with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Scalar = float | int | str | bool | None
Table = Sequence[Mapping[str, Scalar]]


@dataclass(frozen=True)
class CheckOutcome:
    """The answer of one check.

    Attributes
    ----------
    name: snake case, stable; the name of the asset check in Dagster.
    passed: the answer.
    blocking: whether later stages must not run when it failed.
    description: one sentence for a person.
    metadata: the numbers behind the answer.
    """

    name: str
    passed: bool
    blocking: bool
    description: str
    metadata: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True)
class StageResult:
    """One stage done (or recognised as done already) for one series or strategy.

    Attributes
    ----------
    stage, key: which stage, for which series or strategy key.
    data_version: fingerprint of the content; the same content has the same version.
    skipped: inputs were unchanged, nothing was done again.
    metrics: numbers to plot over time.
    tables: small tables to read, by title.
    plots: PNG files, by title.
    links: files with the full result, by title.
    checks: answers of the checks made on the data while it was in memory.
    """

    stage: str
    key: str
    data_version: str
    skipped: bool = False
    metrics: Mapping[str, Scalar] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    plots: dict[str, Path] = field(default_factory=dict)
    links: dict[str, Path] = field(default_factory=dict)
    checks: tuple[CheckOutcome, ...] = ()
