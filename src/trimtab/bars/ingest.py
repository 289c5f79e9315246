"""From a source into the store: fetched, judged, the good bars stored, the others in quarantine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from trimtab.bars.actions.adjust import split_factor
from trimtab.bars.actions.schema import Actions
from trimtab.bars.checks import Finding, judge, judge_actions
from trimtab.bars.quarantine import Quarantine, accept_decided, without_overruled
from trimtab.bars.schema import Bars, concatenate
from trimtab.bars.sources.protocol import BarSource, check_span
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_datetime, as_time
from trimtab.clock import Clock
from trimtab.config.quality import CheckLimits
from trimtab.errors import SourceError
from trimtab.market import Series
from trimtab.market.calendar import SessionCalendar, parse_calendar

_DEFAULT_LIMITS = CheckLimits()


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

    Raises what the source raises; then nothing has been stored.
    """
    now = clock.now()
    check_span(since, until, now)
    named = calendar or _calendar_of(source, series)
    fetched = source.fetch(series, since or _since_last_known(source, store.stored(series)), until)
    told = source.actions(series)
    if fetched.series != series:
        raise SourceError(f"source '{source.name}' was asked for {series} and delivered {fetched.series}")
    # A decision about a bar that is taken while its series is being stored would be lost.
    with quarantine.undisturbed(series):
        return _take_in(_finished(fetched, as_time(now)), told, store, quarantine, now, limits, named)


def _take_in(
    delivered: Bars,
    told: Actions,
    store: BarStore,
    quarantine: Quarantine,
    now: datetime,
    limits: CheckLimits,
    calendar: SessionCalendar | None,
) -> IngestReport:
    """Judge what was delivered against what is stored, and store it."""
    series = delivered.series
    stored, decisions = store.stored(series), quarantine.decisions(series)
    bars = without_overruled(delivered, decisions, stored)
    everything = concatenate([stored, bars])
    believed = judge_actions(everything, told, limits)
    first_seen, last_seen = store.seen(series.instrument_id) if len(told) else (None, None)
    facts = store.actions.append(told.take(believed.accepted), now, last_seen=last_seen, first_seen=first_seen)
    level = split_factor(everything, store.actions.current(series.instrument_id))
    verdict = judge(
        _at_level(bars, level[len(stored) :]),
        calendar=calendar,
        limits=limits,
        context=_at_level(stored, level[: len(stored)]),
    )
    quarantine.add(series, bars, verdict.findings, now)
    accepted = accept_decided(bars, verdict.accepted, decisions)
    appended = store.append(bars.take(accepted), now)
    n_accepted = int(accepted.sum())
    return IngestReport(
        series=series,
        fetched=len(bars),
        accepted=n_accepted,
        quarantined=len(bars) - n_accepted,
        new=appended.new,
        restated=appended.restated,
        unchanged=appended.unchanged,
        readjusted=appended.readjusted,
        actions=facts.new + facts.restated,
        calendar=calendar.name if calendar else None,
        findings=(*verdict.findings, *believed.findings),
    )


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
