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
from trimtab.retraining.learnt_data import LearntData

Period = Literal["daily", "weekly", "monthly"]


@dataclass(frozen=True)
class Cause:
    """One reason to retrain, which is served at most once.

    Attributes
    ----------
    trigger: "scheduled", "drift", "degradation", "restated", "new_data" or "manual".
    subject: what set it off: a snapshot id, a period, a window, a restatement, a request.
    reason: one sentence for a person.
    is_urgent: a person asked; cool-down and back-off do not apply.
    waits_for: what must be done before a retrain can answer it; None when nothing must.
    """

    trigger: str
    subject: str
    reason: str
    is_urgent: bool = False
    waits_for: str | None = None

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
    data: what has become of the data its latest version learnt from; None where it has none, or
        where nobody wants to know.
    """

    now: datetime
    snapshots: Sequence[DriftRecord] = ()
    performance: Sequence[Performance] = ()
    jobs: Sequence[RetrainingJob] = ()
    data: LearntData | None = None


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
class OnRestatedData:
    """When bars the latest version learnt from have been restated since.

    A restatement asks once. The version that answers it learnt from today's bars, so nothing is
    left to ask about; a further restatement is a cause of its own.

    Attributes
    ----------
    min_restated_share: share of the samples that must have read a restated bar, 0 to 1. A bar
        inside the history reaches as many samples as the longest look-back has bars, the newest
        bar only those whose label it ends: most corrections of yesterday's bar stay below.
    """

    min_restated_share: float = 0.01

    def cause(self, observed: Observed) -> Cause | None:
        """The newest restatement, if enough samples read restated bars."""
        data = observed.data
        if data is None or data.restated is None or data.restated_share < self.min_restated_share:
            return None
        read = f"{data.restated_share:.1%} of the {data.n_samples} samples of version {data.version}"
        return Cause(
            "restated",
            f"{data.model_id}-{data.restated:%Y%m%dT%H%M%S.%fZ}",
            f"{read} read bars that were restated since, last on {data.restated:%Y-%m-%d %H:%M:%S} UTC",
            waits_for=data.waits_for,
        )


@dataclass(frozen=True)
class OnNewData:
    """When so many bars have come since the latest version learnt.

    Attributes
    ----------
    min_new_bars: bars of one instrument; twice as many are a second cause, should the first retrain
        have led to no new version.
    """

    min_new_bars: int

    def cause(self, observed: Observed) -> Cause | None:
        """The new bars, if they are enough."""
        data = observed.data
        if data is None or data.n_new_bars < self.min_new_bars:
            return None
        return Cause(
            "new_data",
            f"{data.model_id}-{data.n_new_bars // self.min_new_bars}",
            f"{data.n_new_bars} bars have come since version {data.version} learnt; {self.min_new_bars} ask for a retrain",
            waits_for=data.waits_for,
        )


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
    if wanted.on_restated_data:
        found.append(OnRestatedData(wanted.min_restated_share))
    if wanted.on_drift:
        clear = drift.min_drifted_share / 2
        found.append(OnDrift(drift.min_drifted_share, drift.min_unseen_share, clear_share=clear))
    if wanted.on_new_bars:
        found.append(OnNewData(wanted.on_new_bars))
    return tuple(found) or (NeverRetrain(),)


def _period(now: datetime, every: Period) -> str:
    if every == "daily":
        return f"{now:%Y-%m-%d}"
    if every == "monthly":
        return f"{now:%Y-%m}"
    year, week, _ = now.isocalendar()
    return f"{year}-W{week:02d}"
