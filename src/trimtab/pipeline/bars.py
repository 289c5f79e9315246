"""Stage one: bars of one series are fetched, judged and stored; refused ones go to quarantine."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from trimtab.bars import Bars
from trimtab.bars.freshness import Freshness, freshness
from trimtab.bars.ingest import IngestReport, ingest
from trimtab.bars.plots import plot_bars
from trimtab.bars.schema import TIME
from trimtab.bars.sources import SourceOptions, open_source, source_options
from trimtab.bars.sources.protocol import BarSource
from trimtab.bars.sources.resampled import Resampled
from trimtab.bars.times import as_time
from trimtab.config.strategy import Universe
from trimtab.errors import UnknownNameError
from trimtab.market import Series
from trimtab.market.calendar import SessionCalendar, calendar_for, parse_calendar
from trimtab.pipeline.quarantine import quarantine_outcome
from trimtab.pipeline.running import Produced, run_stage
from trimtab.pipeline.stage import CheckOutcome, Scalar, StageResult, Table
from trimtab.pipeline.workspace import Workspace

STAGE = "bars"
MAX_QUARANTINED_SHARE = 0.05  # above it something is wrong with the source, not with single bars


@dataclass(frozen=True)
class _Ingested:
    """One series brought up to date, and what is needed to describe it."""

    report: IngestReport
    calendar: SessionCalendar
    is_live: bool


def ingest_bars(workspace: Workspace, series_key: str) -> StageResult:
    """Bring the store up to date with the source; a second call stores nothing new."""
    try:
        series, universe = workspace.series[series_key], workspace.universes[series_key]
    except KeyError:
        raise UnknownNameError("series", series_key, workspace.series) from None
    source = open_source(universe.source, options_for(workspace, universe))
    ingested = _bring_up_to_date(workspace, source, series, universe)

    def inputs() -> dict[str, Any]:
        return {
            "bars": workspace.bars.fingerprint(series),
            "quarantine": workspace.quarantine.counts(series).__dict__,
            "behind": _freshness(workspace, ingested, series).n_behind if ingested.is_live else None,
        }

    return run_stage(workspace, STAGE, series_key, inputs, lambda: _describe(workspace, ingested))


def options_for(workspace: Workspace, universe: Universe) -> SourceOptions:
    """What the source of a universe is opened with."""
    start = universe.start
    return source_options(
        workspace.settings,
        workspace.lake.clock,
        path=universe.path,
        query=universe.query,
        exchange=universe.exchange,
        store=workspace.bars,
        start=datetime(start.year, start.month, start.day, tzinfo=UTC) if start else None,
    )


def _bring_up_to_date(workspace: Workspace, source: BarSource, series: Series, universe: Universe) -> _Ingested:
    stores = workspace.bars, workspace.quarantine, workspace.lake.clock
    given = parse_calendar(universe.calendar) if universe.calendar else None
    limits, is_live = workspace.settings.quality, source.is_live
    if universe.resample_from is not None:
        base = Series(series.instrument_id, universe.resample_from)
        ingested = ingest(source, base, *stores, limits=limits, calendar=given)
        given = given or _calendar(workspace, ingested)
        source = Resampled(workspace.bars, base, given, workspace.lake.clock.now())
    report = ingest(source, series, *stores, limits=limits, calendar=given)
    return _Ingested(report, _calendar(workspace, report), is_live)


def _calendar(workspace: Workspace, report: IngestReport) -> SessionCalendar:
    if report.calendar is not None:
        return parse_calendar(report.calendar)
    return calendar_for(report.series, workspace.bars.stored(report.series).event_time)


def _describe(workspace: Workspace, ingested: _Ingested) -> Produced:
    report, series = ingested.report, ingested.report.series
    bars = workspace.bars.current(series)
    by_check = Counter((finding.check, finding.severity) for finding in report.findings)
    return Produced(
        data_version=workspace.bars.fingerprint(series),
        metrics=_metrics(workspace, ingested, bars),
        tables={
            "findings": [
                {"check": check, "severity": severity, "findings": n} for (check, severity), n in by_check.items()
            ],
            "latest bars": _latest(bars),
            "splits and dividends": _latest_actions(workspace, series),
        },
        plots={"Price and volume": _plot(report, bars)} if len(bars) else {},
        links={"store": workspace.lake.root / "bars" / series.key},
        checks=(
            _bar_quality(workspace, series, bars),
            quarantine_outcome(workspace, series),
            _is_fresh(workspace, ingested),
        ),
    )


def _metrics(workspace: Workspace, ingested: _Ingested, bars: Bars) -> dict[str, Scalar]:
    report = ingested.report
    return {
        "bars": len(bars),
        "first_bar": str(bars.event_time[0])[:19] if len(bars) else None,
        "last_bar": str(bars.event_time[-1])[:19] if len(bars) else None,
        "new": report.new,
        "restated": report.restated,
        "readjusted": report.readjusted,
        "actions": len(workspace.bars.actions.current(report.series.instrument_id)),
        "quarantined": workspace.quarantine.count(report.series),
        "flagged": len({finding.event_time for finding in report.findings if finding.severity == "warning"}),
        "calendar": ingested.calendar.name,
    }


def _plot(report: IngestReport, bars: Bars) -> bytes:
    flagged, refused = (
        np.array([found.event_time for found in report.findings if found.severity == severity], dtype=TIME)
        for severity in ("warning", "quarantine")
    )
    return plot_bars(bars, refused, flagged)


def _bar_quality(workspace: Workspace, series: Series, bars: Bars) -> CheckOutcome:
    n_lost = _lost_bars(workspace, series, bars)
    share = n_lost / max(n_lost + len(bars), 1)
    return CheckOutcome(
        "bar_quality",
        share <= MAX_QUARANTINED_SHARE and len(bars) > 0,
        True,
        f"{n_lost} of {n_lost + len(bars)} bars exist in quarantine only ({share:.2%}); "
        f"at most {MAX_QUARANTINED_SHARE:.0%} may",
        {"quarantined_share": share, "limit": MAX_QUARANTINED_SHARE},
    )


def _is_fresh(workspace: Workspace, ingested: _Ingested) -> CheckOutcome:
    series = ingested.report.series
    if not ingested.is_live:
        return CheckOutcome("bars_are_fresh", True, False, "the source is a fixed history, which does not age", {})
    state = _freshness(workspace, ingested, series)
    return CheckOutcome(
        "bars_are_fresh",
        state.is_fresh,
        False,
        f"{state.n_behind} bars that are over by the calendar {ingested.calendar.name} have not arrived",
        {"behind": state.n_behind, "calendar": ingested.calendar.name},
    )


def _freshness(workspace: Workspace, ingested: _Ingested, series: Series) -> Freshness:
    lag = timedelta(seconds=workspace.settings.publication_lag_seconds)
    last = workspace.bars.last_event_time(series)
    return freshness(series, last, workspace.lake.clock.now(), ingested.calendar, lag)


def _lost_bars(workspace: Workspace, series: Series, stored: Bars) -> int:
    """Refused bars without an accepted one of the same time: a duplicate costs nothing, a hole does."""
    refused = {bar.bar: bar.event_time for bar in workspace.quarantine.list(series)}
    times = np.array([as_time(time) if time else np.datetime64("NaT") for time in refused.values()], dtype=TIME)
    return int((~np.isin(times, stored.event_time)).sum())


def _latest(bars: Bars) -> Table:
    tail = bars.take(slice(max(len(bars) - 5, 0), None))
    return [
        {"event_time": str(tail.event_time[i])[:19]}
        | {name: float(getattr(tail, name)[i]) for name in ("open", "high", "low", "close", "volume")}
        for i in range(len(tail))
    ]


def _latest_actions(workspace: Workspace, series: Series) -> Table:
    actions = workspace.bars.actions.current(series.instrument_id)
    tail = actions.take(slice(max(len(actions) - 10, 0), None))
    return [
        {"ex_date": str(tail.ex_time[i])[:10], "kind": str(tail.kind[i]), "value": float(tail.value[i])}
        for i in range(len(tail))
    ]
