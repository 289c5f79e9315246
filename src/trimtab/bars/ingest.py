"""From a source into the store: fetched, judged, the good bars stored, the others in quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from trimtab.bars.actions.adjust import split_factor
from trimtab.bars.actions.schema import ActionKind, Actions
from trimtab.bars.checks import ActionVerdict, Finding, Verdict, judge, judge_actions
from trimtab.bars.quarantine import (
    Quarantine,
    QuarantinedBar,
    QuarantineDecision,
    accept_decided,
    bar_ids,
    without_overruled,
)
from trimtab.bars.schema import PRICES, TIME, Bars, concatenate
from trimtab.bars.sources.protocol import BarSource, check_span
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_datetime, as_time
from trimtab.clock import Clock
from trimtab.config.quality import CheckLimits
from trimtab.errors import ConflictError, SourceError
from trimtab.market import Series
from trimtab.market.calendar import SessionCalendar, parse_calendar

_DEFAULT_LIMITS = CheckLimits()
_MAX_FETCHES = 3
_TOLD = ("ex_time", "kind", "value")


@dataclass(frozen=True)
class IngestReport:
    """What one ingest did, in bars unless it says otherwise.

    Attributes
    ----------
    series: which series.
    fetched: bars the source delivered, without those not yet known (unfinished or unpublished); one
        that a person has overruled counts as the bar that is stored in its place.
    accepted, quarantined: what the verdict said; together they are `fetched`.
    new, restated, unchanged: what the store did with the accepted ones.
    readjusted: how many of the restated differ in their factor only (a new adjustment vintage).
    actions: splits and dividends that were new or changed.
    calendar: the calendar somebody or the source named; None where the bars themselves said it.
    findings: everything the checks said, warnings included; `index` refers to the fetched bars, and
        is -1 for findings about absent bars and about actions.
    unfinished: bars the source delivered although their known time lies ahead; left for a later call.
    """

    series: Series
    fetched: int
    accepted: int
    quarantined: int
    new: int
    restated: int
    unchanged: int
    readjusted: int
    actions: int
    calendar: str | None
    findings: tuple[Finding, ...]
    unfinished: int = 0


def ingest(
    source: BarSource,
    series: Series,
    store: BarStore,
    quarantine: Quarantine,
    clock: Clock,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limits: CheckLimits = _DEFAULT_LIMITS,
    calendar: SessionCalendar | None = None,
) -> IngestReport:
    """Bring the store up to date with a source; a second call with the same bars changes nothing.

    A source without `overlap` is asked for its whole history, so that what it has restated is seen;
    the others from a few bars before the last stored one. A bar whose known time (its close plus
    the publication lag) still lies ahead is left for the next call: its values are not final.
    Actions are written first, then quarantine, then bars, and each only adds what it lacks: a run
    killed in between is completed by the next one.

    Parameters
    ----------
    since, until: only bars with an event time in this span, both ends included.
    limits: where the checks begin to object.
    calendar: when the market is open; absent, what the source says, else what the bars say.

    Raises what the source raises, and `ConflictError` when others keep storing bars of the series while it
    is asked; then nothing has been stored. What arrives is known as received when the answer is there, not
    when it was asked for.
    """
    check_span(since, until, clock.now())
    for _ in range(_MAX_FETCHES):
        asked, content = clock.now(), store.content(series)
        fetched = source.fetch(series, since or _since_last_known(source, store.stored(series)), until)
        # After the bars, so that a source that cannot be reached says so of them and their span.
        named = calendar or _calendar_of(source, series)
        told, claims = source.actions(series), source.claims(series)
        if fetched.series != series:
            raise SourceError(f"source '{source.name}' was asked for {series} and delivered {fetched.series}")
        # A decision about a bar that is taken while its series is being stored would be lost.
        with quarantine.undisturbed(series):
            # What was stored meanwhile may be newer than this answer, and must not be taken back.
            if store.content(series) == content:
                received = clock.now()
                finished = _finished(fetched, as_time(asked))
                report = _take_in(finished, told, claims, store, quarantine, received, limits, named)
                return replace(report, unfinished=len(fetched) - len(finished))
    raise ConflictError(
        f"the bars of {series} were changed {_MAX_FETCHES} times while source '{source.name}' was asked for them; "
        "wait until the other ingests are done and try again"
    )


def _take_in(
    delivered: Bars,
    told: Actions,
    claims: Actions,
    store: BarStore,
    quarantine: Quarantine,
    received: datetime,
    limits: CheckLimits,
    calendar: SessionCalendar | None,
) -> IngestReport:
    """Judge what was delivered against what is stored, and store it."""
    series = delivered.series
    stored, decisions = store.stored(series), quarantine.decisions(series)
    bars = without_overruled(delivered, decisions, stored)
    believed = _judge_told(bars, stored, told, store, limits, calendar)
    first_seen, last_seen = store.seen(series.instrument_id) if len(told) else (None, None)
    facts = store.actions.append(told.take(believed.accepted), received, last_seen=last_seen, first_seen=first_seen)
    verdict = _judge(bars, stored, store.actions.current(series.instrument_id), limits, calendar, claims)
    accepted = accept_decided(bars, verdict.accepted, decisions)
    findings = (*verdict.findings, *believed.findings, *_overtaken(bars, accepted, stored, decisions))
    refused = [found for found in verdict.findings if found.index < 0 or not accepted[found.index]]
    was_refused = accepted & _was_refused(bars, quarantine.list(series))
    quarantine.add(series, bars, refused, received)
    appended = [
        store.append(bars.take(accepted & ~was_refused), received),
        # Nobody could use them before: their own time is long past.
        *([store.append(bars.take(was_refused), received, known_at_receipt=True)] if was_refused.any() else []),
    ]
    n_accepted = int(accepted.sum())
    return IngestReport(
        series=series,
        fetched=len(bars),
        accepted=n_accepted,
        quarantined=len(bars) - n_accepted,
        new=sum(report.new for report in appended),
        restated=sum(report.restated for report in appended),
        unchanged=sum(report.unchanged for report in appended),
        readjusted=sum(report.readjusted for report in appended),
        actions=facts.new + facts.restated,
        calendar=calendar.name if calendar else None,
        findings=findings,
    )


def _judge_told(
    bars: Bars,
    stored: Bars,
    told: Actions,
    store: BarStore,
    limits: CheckLimits,
    calendar: SessionCalendar | None,
) -> ActionVerdict:
    """Judge what is told beside the bars the checks accept: a bad price must not make a true dividend impossible."""
    if len(told) == 0:
        return judge_actions(stored, told, limits)
    usable = judge_actions(stored.take(slice(0)), told, limits).accepted
    splits = told.take(usable & (told.kind == ActionKind.SPLIT))
    known = store.actions.current(told.instrument_id)
    known = known.take(~np.isin(known.ex_time, splits.ex_time) | (known.kind != ActionKind.SPLIT))
    together = Actions.build(
        told.instrument_id, *(np.concatenate([getattr(each, name) for each in (known, splits)]) for name in _TOLD)
    )
    accepted = _judge(bars, stored, together, limits, calendar).accepted
    return judge_actions(concatenate([stored, bars.take(accepted)]), told, limits)


def _judge(
    bars: Bars,
    stored: Bars,
    actions: Actions,
    limits: CheckLimits,
    calendar: SessionCalendar | None,
    claims: Actions | None = None,
) -> Verdict:
    """The verdict on bars after the stored ones, at one level: a split somebody told us of is no jump."""
    level = split_factor(concatenate([stored, bars]), actions)
    return judge(
        _at_level(bars, level[len(stored) :]),
        calendar=calendar,
        limits=limits,
        context=_at_level(stored, level[: len(stored)]),
        actions=claims if claims is not None and len(claims) else None,
    )


def _was_refused(bars: Bars, refused: Sequence[QuarantinedBar]) -> np.ndarray:
    """Whether each bar was refused at an earlier ingest; a row told twice was not, its twin was stored."""
    before = {kept.bar: kept.event_time for kept in refused if kept.check != "duplicate_time"}
    times = np.array([as_time(time) for time in before.values() if time is not None], TIME)
    found = np.zeros(len(bars), bool)
    rows = np.flatnonzero(np.isin(bars.event_time, times)) if len(times) else np.empty(0, np.int64)
    if len(rows):
        found[rows] = [name in before for name in bar_ids(bars, rows)]
    return found


def _overtaken(
    bars: Bars, accepted: np.ndarray, stored: Bars, decisions: Sequence[QuarantineDecision]
) -> list[Finding]:
    """correction_overtaken, a warning: the source tells other prices than a person has put in their place."""
    corrected = [as_time(made.event_time) for made in decisions if made.action == "correct" and made.event_time]
    rows = np.flatnonzero(accepted & np.isin(bars.event_time, np.array(corrected, TIME)))
    found = []
    for row in rows:
        at = int(np.searchsorted(stored.event_time, bars.event_time[row]))
        if at < len(stored) and any(getattr(bars, name)[row] != getattr(stored, name)[at] for name in PRICES):
            detail = (
                f"the source now tells a close of {bars.close[row]:.10g} where a person had put {stored.close[at]:.10g}"
            )
            found.append(Finding("correction_overtaken", bars.event_time[row], "warning", detail, int(row)))
    return found


def _calendar_of(source: BarSource, series: Series) -> SessionCalendar | None:
    name = source.calendar(series)
    return parse_calendar(name) if name else None


def _since_last_known(source: BarSource, stored: Bars) -> datetime | None:
    if source.overlap is None or len(stored) == 0:
        return None
    return as_datetime(stored.event_time[max(len(stored) - 1 - source.overlap, 0)])


def _finished(bars: Bars, now: np.datetime64) -> Bars:
    # A bar without a time compares as false and stays, so that the checks can refuse it.
    return bars.take(~(bars.known_time > now))


def _at_level(bars: Bars, level: np.ndarray) -> Bars:
    """Bars that the checks can compare: a split somebody told us of is no jump."""
    return bars if (level == 1.0).all() else replace(bars, factor=bars.factor * level)
