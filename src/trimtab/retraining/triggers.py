"""Why a model is renewed: each word looks at what was observed and answers with a cause or None.

Feature drift alone says that the inputs moved, not that the model got worse; the limits that
turn a snapshot into a retrain are the strategy's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from trimtab.config.strategy import Strategy
from trimtab.registry.drift import DriftRecord
from trimtab.registry.performance import Performance
from trimtab.retraining.jobs import RetrainingJob

Period = Literal["daily", "weekly", "monthly"]


@dataclass(frozen=True)
class Cause:
    """One reason to retrain, which is served at most once.

    Attributes
    ----------
    trigger: "scheduled", "drift", "degradation" or "manual".
    subject: what set it off: a snapshot id, a period, a window, a request.
    reason: one sentence for a person.
    is_urgent: a person asked; cool-down and back-off do not apply.
    """

    trigger: str
    subject: str
    reason: str
    is_urgent: bool = False

    @property
    def key(self) -> str:
        """The cause's name in run keys."""
        return f"{self.trigger}:{self.subject}"


@dataclass(frozen=True)
class Observed:
    """What is known about one strategy.

    Attributes
    ----------
    now: the time of planning.
    snapshots: its drift snapshots, newest first.
    performance: its realised windows, oldest first.
    jobs: its retraining jobs, oldest request first.
    """

    now: datetime
    snapshots: Sequence[DriftRecord] = ()
    performance: Sequence[Performance] = ()
    jobs: Sequence[RetrainingJob] = ()


class RetrainTrigger(Protocol):
    """Says whether there is a reason to retrain now."""

    def cause(self, observed: Observed) -> Cause | None:
        """The reason, or None."""
        ...


@dataclass(frozen=True)
class NeverRetrain:
    """The null object: no reason is ever enough."""

    def cause(self, observed: Observed) -> Cause | None:
        """None, always."""
        return None


@dataclass(frozen=True)
class Scheduled:
    """Once in every period of the calendar (UTC days, ISO weeks from Monday, months).

    >>> from datetime import UTC
    >>> Scheduled("weekly").cause(Observed(datetime(2024, 1, 3, tzinfo=UTC))).key
    'scheduled:weekly-2024-W01'
    """

    every: Period

    def cause(self, observed: Observed) -> Cause | None:
        """The current period."""
        period = f"{self.every}-{_period(observed.now, self.every)}"
        return Cause("scheduled", period, f"the {self.every} schedule is due")


@dataclass(frozen=True)
class OnDrift:
    """When the latest snapshot drifted, and the drift is not one that was already answered.

    Attributes
    ----------
    min_drifted_share: share of drifted features that asks for a retrain.
    min_unseen_share: share of the recent rows that must be newer than the training rows:
        learning again from the same rows changes nothing.
    clear_share: hysteresis: once a retrain has answered a drift against one model version, the
        share must fall to this, or another version become the reference, before drift asks again.
    rearm_after: a drift that still stands this long after it was answered asks again.
    """

    min_drifted_share: float = 0.30
    min_unseen_share: float = 0.50
    clear_share: float = 0.15
    rearm_after: timedelta = timedelta(days=30)

    def cause(self, observed: Observed) -> Cause | None:
        """The latest snapshot, if it asks for a retrain."""
        latest = observed.snapshots[0] if observed.snapshots else None
        if latest is None or latest.status != "drifted" or (latest.drifted_share or 0.0) < self.min_drifted_share:
            return None
        if latest.unseen_share is not None and latest.unseen_share < self.min_unseen_share:
            return None
        if self._is_answered(latest, observed):
            return None
        share = f"{latest.drifted_share or 0.0:.0%}"
        return Cause(
            "drift", latest.snapshot_id, f"{share} of the features drifted in snapshot {latest.snapshot_id[:12]}"
        )

    def _is_answered(self, latest: DriftRecord, observed: Observed) -> bool:
        answers = [job for job in observed.jobs if job.trigger == "drift" and job.status in ("succeeded", "skipped")]
        if not answers or observed.now - (answers[-1].finished or answers[-1].requested) >= self.rearm_after:
            return False
        by_id = {snapshot.snapshot_id: position for position, snapshot in enumerate(observed.snapshots)}
        position = by_id.get(answers[-1].snapshot_id or "")
        if position is None:
            return False
        since = observed.snapshots[:position]
        has_cleared = any((snapshot.drifted_share or 0.0) <= self.clear_share for snapshot in since)
        return not has_cleared and latest.model_id == observed.snapshots[position].model_id


@dataclass(frozen=True)
class OnDegradation:
    """When realised performance fell below what validation promised.

    Attributes
    ----------
    metric: which one (higher is better).
    max_drop: how far below the promise it may fall, in the metric's unit.
    min_samples: outcomes a window needs before it counts.
    """

    metric: str = "accuracy"
    max_drop: float = 0.05
    min_samples: int = 100

    def cause(self, observed: Observed) -> Cause | None:
        """The latest window with enough outcomes, if it fell too far."""
        windows = [w for w in observed.performance if w.metric == self.metric and w.n_samples >= self.min_samples]
        if not windows or windows[-1].value is None or windows[-1].expected is None:
            return None
        last, value, expected = windows[-1], windows[-1].value, windows[-1].expected
        # A tolerance of 1e-12 keeps a fall of exactly max_drop from counting because of rounding.
        if value >= expected - self.max_drop - 1e-12:
            return None
        subject = f"{self.metric}-{last.model_id}-{last.window_end:%Y%m%dT%H%M%S}"
        return Cause("degradation", subject, f"{self.metric} fell to {value:.3g}, promised were {expected:.3g}")


@dataclass(frozen=True)
class Manual:
    """A person asked; `request_id` makes asking twice for the same thing one retrain."""

    request_id: str
    actor: str
    reason: str

    def cause(self, observed: Observed) -> Cause | None:
        """The request."""
        return Cause("manual", self.request_id, f"{self.actor} asked: {self.reason}", is_urgent=True)


def triggers_of(strategy: Strategy, *, with_schedule: bool = False) -> tuple[RetrainTrigger, ...]:
    """The triggers a strategy file asks for.

    The schedule is left out by default, because the orchestrator's own schedules fire it; replay,
    which has none, takes it in.
    """
    wanted, drift = strategy.retraining, strategy.drift
    found: list[RetrainTrigger] = []
    if with_schedule and wanted.schedule != "none":
        found.append(Scheduled(wanted.schedule))
    if wanted.on_degradation:
        found.append(OnDegradation())
    if wanted.on_drift:
        clear = drift.min_drifted_share / 2
        found.append(OnDrift(drift.min_drifted_share, drift.min_unseen_share, clear_share=clear))
    return tuple(found) or (NeverRetrain(),)


def _period(now: datetime, every: Period) -> str:
    if every == "daily":
        return f"{now:%Y-%m-%d}"
    if every == "monthly":
        return f"{now:%Y-%m}"
    year, week, _ = now.isocalendar()
    return f"{year}-W{week:02d}"
