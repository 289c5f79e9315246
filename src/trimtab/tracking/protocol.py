"""What a stage says about a run, and a tracker that listens to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Protocol, Self

Status = Literal["running", "finished", "failed", "interrupted"]


@dataclass(frozen=True)
class RunStart:
    """What is known about a run when it begins.

    Attributes
    ----------
    kind: which work it is: the name of the stage, such as "candidate_model".
    strategy: whose work.
    seed: of everything random.
    n_threads: threads it may use.
    dataset: fingerprint of the dataset it reads; None where it reads none.
    code: fingerprint of the code that runs it.
    parameters: JSON values by name.
    tags: texts by name, to find the run by.
    """

    kind: str
    strategy: str
    seed: int
    n_threads: int
    dataset: str | None = None
    code: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


class Run(Protocol):
    """One run being recorded; a context manager that finishes it: failed when an error passes through."""

    @property
    def id(self) -> str: ...

    def parameters(self, values: Mapping[str, Any]) -> None:
        """Add or replace parameters (JSON values)."""
        ...

    def tags(self, values: Mapping[str, str]) -> None:
        """Add or replace tags."""
        ...

    def metrics(self, values: Mapping[str, float | None], step: int | None = None, total: int | None = None) -> None:
        """Record metrics: of step `step` (from 1) of `total`, or of the run as a whole without a step."""
        ...

    def artifact(self, name: str, content: bytes) -> None:
        """Store a file of the run, by content."""
        ...

    def stored(self, name: str, sha256: str, size_bytes: int) -> None:
        """Name a file that the artifact store holds already."""
        ...

    def figure(self, name: str, png: bytes) -> None:
        """Store a picture; `name` is its title."""
        ...

    def finish(self, status: Status = "finished", error: str | None = None) -> None:
        """End the run; whatever comes later is ignored."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Tracker(Protocol):
    """Where runs are recorded."""

    def start(self, run: RunStart) -> Run:
        """Begin a run."""
        ...


class UntrackedRun:
    """A run nobody records."""

    id = ""

    def parameters(self, values: Mapping[str, Any]) -> None: ...

    def tags(self, values: Mapping[str, str]) -> None: ...

    def metrics(
        self, values: Mapping[str, float | None], step: int | None = None, total: int | None = None
    ) -> None: ...

    def artifact(self, name: str, content: bytes) -> None: ...

    def stored(self, name: str, sha256: str, size_bytes: int) -> None: ...

    def figure(self, name: str, png: bytes) -> None: ...

    def finish(self, status: Status = "finished", error: str | None = None) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class NoTracking:
    """Records nothing.

    >>> with NoTracking().start(RunStart("candidate_model", "demo", seed=7, n_threads=1)) as run:
    ...     run.metrics({"accuracy": 0.5})
    >>> run.id
    ''
    """

    def start(self, run: RunStart) -> UntrackedRun:
        """A run that forgets everything."""
        return UntrackedRun()
