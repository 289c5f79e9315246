"""Decisions about refused bars: who, when and why go into the lake and into the audit ledger.

What a decision means for the store is worked out in `trimtab.bars.quarantine`; what a person reads
before deciding is in `quarantine_views`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

from sqlalchemy import select

from trimtab.bars.quarantine.case import Case, Docket
from trimtab.bars.quarantine.decision import QuarantineCounts, QuarantineDecision
from trimtab.bars.quarantine.settle import (
    Effect,
    Settlement,
    Signature,
    carry_out,
    plan_correct,
    plan_reject,
    plan_release,
)
from trimtab.bars.times import as_time, iso
from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.market import Series
from trimtab.pipeline.stage import CheckOutcome
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.ledger import changing
from trimtab.registry.schema import ledger

EVENT = "quarantine_decided"


@dataclass(frozen=True)
class Decided:
    """One decision, done.

    Attributes
    ----------
    series, decision: what was decided about which series.
    rejected: ids of other refused bars of that time, which it rejected.
    stored: what it was for the store: "new", "restated", "unchanged", or None for a rejection.
    """

    series: Series
    decision: QuarantineDecision
    rejected: tuple[str, ...]
    stored: Effect | None


def decide(
    workspace: Workspace, bars: Sequence[str], action: Literal["release", "reject"], *, actor: str, reason: str
) -> tuple[Decided, ...]:
    """Release or reject refused bars, named by their ids or the beginnings of them.

    All are looked at before anything is done, so a refusal of one leaves all as they were.
    """
    limits, by_series = workspace.settings.quality, _by_series(workspace, bars)
    if not by_series:
        raise ConfigurationError(f"nothing was given to {action}; give ids as trimtab bars quarantine list shows them")

    def plan(docket: Docket, signed: Signature) -> list[Settlement]:
        cases = [docket.case(bar) for bar in by_series[docket.series]]
        if action == "reject":
            return [plan_reject(case, signed) for case in cases]
        _refuse_two_of_one_time(cases)
        return [plan_release(case, signed, limits) for case in cases]

    for series in by_series:
        plan(Docket.read(workspace.bars, workspace.quarantine, series), _signature(workspace, actor, reason))
    return tuple(done for series in by_series for done in _settle(workspace, series, plan, actor, reason))


def correct(
    workspace: Workspace,
    bar: str,
    values: Mapping[str, float],
    *,
    actor: str,
    reason: str,
    event_time: datetime | None = None,
    anyway: bool = False,
) -> Decided:
    """Give a refused bar, named by the beginning of its id, other values; and a time where it has none.

    Raises `BarsError` where the result does not fit the bars around it, unless `anyway`.
    """
    series, name = workspace.quarantine.find(bar)

    def plan(docket: Docket, signed: Signature) -> list[Settlement]:
        case, limits = docket.case(name), workspace.settings.quality
        return [plan_correct(case, signed, values, workspace.bars, event_time, limits, anyway=anyway)]

    (done,) = _settle(workspace, series, plan, actor, reason)
    return done


def correct_stored(
    workspace: Workspace,
    series: Series,
    event_time: datetime,
    values: Mapping[str, float],
    *,
    actor: str,
    reason: str,
    anyway: bool = False,
) -> Decided:
    """Give the bar that is stored at a time other values; `anyway` as in `correct`."""

    def plan(docket: Docket, signed: Signature) -> list[Settlement]:
        case, limits = docket.case_at(event_time), workspace.settings.quality
        return [plan_correct(case, signed, values, workspace.bars, limits=limits, anyway=anyway)]

    (done,) = _settle(workspace, series, plan, actor, reason)
    return done


def refuse_unknown_check(workspace: Workspace, check: str) -> None:
    """Raise `UnknownNameError` for a check that no bar in quarantine was refused by; an empty quarantine knows none."""
    quarantine = workspace.quarantine
    names = {kept.check for series in quarantine.series() for kept in quarantine.list(series)}
    if names and check not in names:
        raise UnknownNameError("check", check, names, "in quarantine: ")


def quarantine_outcome(workspace: Workspace, *series: Series) -> CheckOutcome:
    """The answer of the asset check: whether refused bars wait for a decision; it stops nothing.

    `series`: the one the asset is about, and those it is made of; they are counted together.
    """
    counted = {each: workspace.quarantine.counts(each) for each in series}
    counts = QuarantineCounts(*(sum(column) for column in zip(*map(astuple, counted.values()), strict=True)))
    waiting = [each for each, own in counted.items() if own.open]
    where = " and ".join(
        f"trimtab bars quarantine list --instrument {each.instrument_id} --timeframe {each.timeframe.value}"
        for each in waiting
    )
    times = [kept.event_time for each in waiting for kept in workspace.quarantine.open(each) if kept.event_time]
    oldest = f"the oldest is of {iso(as_time(min(times)))}; " if times else ""
    shown = f"; {oldest}{where} {'shows' if len(waiting) == 1 else 'show'} them" if waiting else ""
    return CheckOutcome(
        name="quarantine",
        passed=counts.open == 0,
        blocking=False,
        description=counts.sentence + shown,
        metadata=asdict(counts),
    )


def _by_series(workspace: Workspace, bars: Sequence[str]) -> dict[Series, list[str]]:
    """Full ids by series, each once."""
    found: dict[Series, list[str]] = {}
    for series, bar in dict.fromkeys(workspace.quarantine.find_all(bars)):
        found.setdefault(series, []).append(bar)
    return found


def _settle(
    workspace: Workspace,
    series: Series,
    plan: Callable[[Docket, Signature], Sequence[Settlement]],
    actor: str,
    reason: str,
) -> list[Decided]:
    _ = workspace.registry  # a database that does not answer is told before anything is stored
    with workspace.quarantine.undisturbed(series):
        docket = Docket.read(workspace.bars, workspace.quarantine, series)
        settlements = plan(docket, _signature(workspace, actor, reason))
        carry_out(settlements, workspace.bars, workspace.quarantine, partial(_write_down, workspace))
    return [
        Decided(series, each.decision, tuple(other.bar for other in each.decisions[:-1]), each.effect)
        for each in settlements
    ]


def _write_down(workspace: Workspace, settlements: Sequence[Settlement]) -> None:
    """An entry in the audit ledger each; a decision that was cut off and is taken again has its entry already."""
    with changing(workspace.registry.database, workspace.lake.clock, settlements[0].decision.actor) as change:
        for each in settlements:
            key = each.fingerprint
            written = select(ledger.c.seq).where(ledger.c.event == EVENT, ledger.c.payload.contains(key)).limit(1)
            if change.connection.execute(written).first() is None:
                rejected = [other.bar for other in each.decisions[:-1]]
                known = {"rejected": rejected} | ({"despite": list(each.despite)} if each.despite else {})
                change.record(EVENT, decision=key, series=each.series.key, **decision_fields(each.decision), **known)


def _signature(workspace: Workspace, actor: str, reason: str) -> Signature:
    return Signature(actor.strip(), reason.strip(), workspace.lake.clock.now())


def _refuse_two_of_one_time(cases: Sequence[Case]) -> None:
    seen: dict[tuple[Series, datetime | None], str] = {}
    for case in cases:
        other = seen.setdefault((case.series, case.event_time), case.bar)
        if other != case.bar and case.event_time is not None:
            raise ConfigurationError(
                f"bars {other} and {case.bar} of {case.series} are of the same time, {case.event_time.isoformat()}; "
                "only one of them can be released"
            )


def decision_fields(made: QuarantineDecision) -> dict[str, Any]:
    """A decision as it is shown and written down; `by` is its actor."""
    names = ("bar", "event_time", "action", "reason", "decided")
    return {name: getattr(made, name) for name in names} | {"by": made.actor, "values": made.values}
