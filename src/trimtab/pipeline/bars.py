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
from trimtab.pipeline.incomplete_bars import IncompleteBars, incomplete_bars
from trimtab.pipeline.quarantine import quarantine_outcome
from trimtab.pipeline.running import Produced, run_stage
from trimtab.pipeline.stage import CheckOutcome, Scalar, StageResult, Table
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.hashing import fingerprint_json

STAGE = "bars"
MAX_QUARANTINED_SHARE = 0.05  # above it something is wrong with the source, not with single bars


@dataclass(frozen=True)
class _Ingested:
    """One series brought up to date, and what is needed to describe it.

    Attributes
    ----------
    report: of the series.
    calendar: what it is judged by; what shorter bars are resampled by.
    is_live: whether its source grows by itself.
    asks_for_all: whether its source is asked for the whole history every time.
    base: report of the shorter bars it is made of; None where the source has the series itself.
    """

    report: IngestReport
    calendar: SessionCalendar
    is_live: bool
    asks_for_all: bool
    base: IngestReport | None = None

    @property
    def reports(self) -> tuple[IngestReport, ...]:
        """Of everything that was ingested, the series itself first."""
        return (self.report,) if self.base is None else (self.report, self.base)


def ingest_bars(workspace: Workspace, series_key: str) -> StageResult:
    """Bring the store up to date with the source; a second call stores nothing new."""
    try:
        series, universe = workspace.series[series_key], workspace.universes[series_key]
    except KeyError:
        raise UnknownNameError("series", series_key, workspace.series) from None
    source = open_source(universe.source, options_for(workspace, universe))
    ingested = _bring_up_to_date(workspace, source, series, universe)

    def inputs() -> dict[str, Any]:
        return _inputs(workspace, ingested)

    return run_stage(workspace, STAGE, series_key, inputs, lambda: _describe(workspace, ingested))


def _inputs(workspace: Workspace, ingested: _Ingested) -> dict[str, Any]:
    """Everything the description of a series depends on, shorter bars it is made of included."""
    series, settings = ingested.report.series, workspace.settings
    return {
        "bars": {each.series.key: workspace.bars.fingerprint(each.series) for each in ingested.reports},
        "quarantine": {each.series.key: workspace.quarantine.counts(each.series).__dict__ for each in ingested.reports},
        "findings": _findings_fingerprint(ingested),
        "calendar": ingested.calendar.name,
        "quality": settings.quality.model_dump(),
        "publication_lag_seconds": settings.publication_lag_seconds,
        "behind": _freshness(workspace, ingested, series).n_behind if ingested.is_live else None,
    }


def _findings_fingerprint(ingested: _Ingested) -> str | None:
    """Of what the checks said; None where that depends on how much was asked for, because only the newest bars were."""
    if not ingested.asks_for_all:
        return None
    said = [
        [each.series.key, found.check, str(found.event_time), found.severity, found.detail]
        for each in ingested.reports
        for found in each.findings
    ]
    return fingerprint_json(said)


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
    limits, is_live, asks_for_all = workspace.settings.quality, source.is_live, source.overlap is None
    base_report = None
    if universe.resample_from is not None:
        base = Series(series.instrument_id, universe.resample_from)
        base_report = ingest(source, base, *stores, limits=limits, calendar=given)
        given = given or _calendar(workspace, base_report)
        source = Resampled(workspace.bars, base, given, workspace.lake.clock.now())
    report = ingest(source, series, *stores, limits=limits, calendar=given)
    return _Ingested(report, _calendar(workspace, report), is_live, asks_for_all, base_report)


def _calendar(workspace: Workspace, report: IngestReport) -> SessionCalendar:
    if report.calendar is not None:
        return parse_calendar(report.calendar)
    return calendar_for(report.series, workspace.bars.stored(report.series).event_time)


def _describe(workspace: Workspace, ingested: _Ingested) -> Produced:
    report, series = ingested.report, ingested.report.series
    bars = workspace.bars.current(series)
    incomplete = _incomplete(workspace, ingested, bars)
    by_check = Counter(
        (each.series.timeframe.value, found.check, found.severity)
        for each in ingested.reports
        for found in each.findings
    )
    return Produced(
        data_version=workspace.bars.fingerprint(series),
        metrics=_metrics(workspace, ingested, bars, incomplete),
        tables={
            "findings": [
                {"timeframe": timeframe, "check": check, "severity": severity, "findings": n}
                for (timeframe, check, severity), n in by_check.items()
            ],
            "latest bars": _latest(bars),
            "splits and dividends": _latest_actions(workspace, series),
        },
        plots={"Price and volume": _plot(report, bars)} if len(bars) else {},
        links={"store": workspace.lake.root / "bars" / series.key},
        checks=(
            _bar_quality(workspace, ingested, bars, incomplete),
            quarantine_outcome(workspace, *(each.series for each in ingested.reports)),
            _is_fresh(workspace, ingested),
        ),
        summary={"calendar": ingested.calendar.name, "is_live": ingested.is_live},
    )


def _incomplete(workspace: Workspace, ingested: _Ingested, bars: Bars) -> IncompleteBars | None:
    """Which bars lack parts; None where the bars are not made of shorter ones."""
    if ingested.base is None:
        return None
    base = ingested.base.series
    refused = {kept.event_time for kept in workspace.quarantine.list(base) if kept.event_time is not None}
    return incomplete_bars(bars, workspace.bars.stored(base), ingested.calendar, refused)


def _metrics(
    workspace: Workspace, ingested: _Ingested, bars: Bars, incomplete: IncompleteBars | None
) -> dict[str, Scalar]:
    report = ingested.report
    flagged = {(r.series, f.event_time) for r in ingested.reports for f in r.findings if f.severity == "warning"}
    made_of: dict[str, Scalar] = {}
    if ingested.base is not None and incomplete is not None:
        made_of = {
            "made_of": ingested.base.series.timeframe.value,
            "base_bars": len(workspace.bars.stored(ingested.base.series)),
            "incomplete_bars": len(incomplete.event_time),
        }
    return {
        "bars": len(bars),
        "first_bar": str(bars.event_time[0])[:19] if len(bars) else None,
        "last_bar": str(bars.event_time[-1])[:19] if len(bars) else None,
        "new": report.new,
        "restated": report.restated,
        "readjusted": report.readjusted,
        "actions": len(workspace.bars.actions.current(report.series.instrument_id)),
        "quarantined": sum(workspace.quarantine.count(each.series) for each in ingested.reports),
        "flagged": len(flagged),
        "calendar": ingested.calendar.name,
    } | made_of


def _plot(report: IngestReport, bars: Bars) -> bytes:
    flagged, refused = (
        np.array([found.event_time for found in report.findings if found.severity == severity], dtype=TIME)
        for severity in ("warning", "quarantine")
    )
    return plot_bars(bars, refused, flagged)


def _bar_quality(
    workspace: Workspace, ingested: _Ingested, bars: Bars, incomplete: IncompleteBars | None
) -> CheckOutcome:
    """Whether few bars are lost, of the series and of what it is made of; each must hold by itself."""
    stored = {each.series: workspace.bars.stored(each.series) for each in ingested.reports}
    lost = {series: _lost_bars(workspace, series, own) for series, own in stored.items()}
    shares = {series: n / max(n + len(stored[series]), 1) for series, n in lost.items()}
    worst, said = max(shares.values()), []
    for series, n in lost.items():
        kind = f" {series.timeframe.value}" if ingested.base is not None else ""
        said.append(f"{n} of {n + len(stored[series])}{kind} bars exist in quarantine only ({shares[series]:.2%})")
    metadata: dict[str, Scalar] = {"quarantined_share": worst, "limit": MAX_QUARANTINED_SHARE}
    lacking = ""
    if ingested.base is not None and incomplete is not None:
        metadata["incomplete_bars"] = len(incomplete.event_time)
        lacking = f"; {_lacking(incomplete, len(bars), ingested.base.series)}"
    return CheckOutcome(
        "bar_quality",
        worst <= MAX_QUARANTINED_SHARE and len(bars) > 0,
        True,
        f"{', '.join(said)}; at most {MAX_QUARANTINED_SHARE:.0%} may{lacking}",
        metadata,
    )


def _lacking(incomplete: IncompleteBars, n_bars: int, base: Series) -> str:
    n = len(incomplete.event_time)
    if n == 0:
        return f"no bar lacks a {base.timeframe.value} bar that the calendar expects"
    return (
        f"{n} of {n_bars} bars {'lacks' if n == 1 else 'lack'} {base.timeframe.value} bars that the calendar expects: "
        f"{incomplete.n_absent} absent, {incomplete.n_refused} of them refused"
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
