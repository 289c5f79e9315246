"""`RetrainingJob`: one attempt to renew a strategy's model, from request to outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Status = Literal["requested", "started", "succeeded", "failed", "skipped"]

IN_FLIGHT: tuple[Status, ...] = ("requested", "started")
FINISHED: tuple[Status, ...] = ("succeeded", "failed", "skipped")


@dataclass(frozen=True)
class RetrainingJob:
    """One attempt.

    Attributes
    ----------
    run_key: `strategy:cause:attempt`; a scheduler that has seen it never runs it again.
    strategy: whose model.
    trigger: "scheduled", "drift", "degradation", "restated", "new_data" or "manual".
    cause: the trigger and what set it off, such as `drift:<snapshot id>`; served at most once.
    attempt: 1 for the first, one more after each failure for the same cause.
    snapshot_id: the drift snapshot behind it, if any.
    status: requested → started → succeeded, failed or skipped (nothing to do after all).
    reason: why it was requested, or, once failed or skipped, why that.
    run_id: the orchestrator's run.
    metrics, outcome: what came of it, such as the new version and its decision.
    requested, started, finished: when.
    """

    run_key: str
    strategy: str
    trigger: str
    cause: str
    attempt: int
    status: Status
    reason: str
    requested: datetime
    snapshot_id: str | None = None
    run_id: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    outcome: str | None = None
    started: datetime | None = None
    finished: datetime | None = None

    @property
    def is_in_flight(self) -> bool:
        """Whether it is still to come to an end."""
        return self.status in IN_FLIGHT
