"""Stage one: bars of one series are fetched, judged and stored; refused ones go to quarantine."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from trimtab.bars import Bars
from trimtab.bars.ingest import IngestReport, ingest
from trimtab.bars.plots import plot_bars
from trimtab.bars.schema import TIME
from trimtab.bars.sources import SourceOptions, open_source, source_options
from trimtab.bars.times import as_time
from trimtab.config.strategy import Universe
from trimtab.errors import UnknownNameError
from trimtab.market import Series
from trimtab.pipeline.running import Produced, run_stage
from trimtab.pipeline.stage import CheckOutcome, Scalar, StageResult
from trimtab.pipeline.workspace import Workspace

STAGE = "bars"
MAX_QUARANTINED_SHARE = 0.05  # above it something is wrong with the source, not with single bars


def ingest_bars(workspace: Workspace, series_key: str) -> StageResult:
    """Bring the store up to date with the source; a second call stores nothing new."""
    try:
        series, universe = workspace.series[series_key], workspace.universes[series_key]
    except KeyError:
        raise UnknownNameError("series", series_key, workspace.series) from None
    source = open_source(universe.source, options_for(workspace, universe))
    report = ingest(source, series, workspace.bars, workspace.quarantine, workspace.lake.clock)

    def inputs() -> dict[str, Any]:
        return {"bars": workspace.bars.fingerprint(series), "quarantined": workspace.quarantine.count(series)}

    return run_stage(workspace, STAGE, series_key, inputs, lambda: _describe(workspace, report))


def options_for(workspace: Workspace, universe: Universe) -> SourceOptions:
    """What the source of a universe is opened with."""
    return source_options(
        workspace.settings,
        workspace.lake.clock,
        path=universe.path,
        query=universe.query,
        exchange=universe.exchange,
        start=universe.start,
    )


def _describe(workspace: Workspace, report: IngestReport) -> Produced:
    bars = workspace.bars.current(report.series)
    n_quarantined = workspace.quarantine.count(report.series)
    n_lost = _lost_bars(workspace, report.series, bars)
    by_check = Counter((finding.check, finding.severity) for finding in report.findings)
    flagged = np.array([f.event_time for f in report.findings if f.severity == "warning"], dtype="datetime64[us]")
    refused = np.array([f.event_time for f in report.findings if f.severity == "quarantine"], dtype="datetime64[us]")
    share = n_lost / max(n_lost + len(bars), 1)
    metrics: dict[str, Scalar] = {
        "bars": len(bars),
        "first_bar": str(bars.event_time[0])[:19] if len(bars) else None,
        "last_bar": str(bars.event_time[-1])[:19] if len(bars) else None,
        "new": report.new,
        "restated": report.restated,
        "quarantined": n_quarantined,
        "flagged": len(flagged),
    }
    return Produced(
        data_version=workspace.bars.fingerprint(report.series),
        metrics=metrics,
        tables={
            "findings": [
                {"check": check, "severity": severity, "bars": n} for (check, severity), n in by_check.items()
            ],
            "latest bars": _latest(workspace, report),
        },
        plots={"Price and volume": plot_bars(bars, refused, flagged)} if len(bars) else {},
        links={"store": workspace.lake.root / "bars" / report.series.key},
        checks=(
            CheckOutcome(
                "bar_quality",
                share <= MAX_QUARANTINED_SHARE and len(bars) > 0,
                True,
                f"{n_lost} of {n_lost + len(bars)} bars exist in quarantine only ({share:.2%}); "
                f"at most {MAX_QUARANTINED_SHARE:.0%} may",
                {"quarantined_share": share, "limit": MAX_QUARANTINED_SHARE},
            ),
        ),
    )


def _lost_bars(workspace: Workspace, series: Series, stored: Bars) -> int:
    """Refused bars without an accepted one of the same time: a duplicate costs nothing, a hole does."""
    refused = {bar.bar: bar.event_time for bar in workspace.quarantine.list(series)}
    times = np.array([as_time(time) if time else np.datetime64("NaT") for time in refused.values()], dtype=TIME)
    return int((~np.isin(times, stored.event_time)).sum())


def _latest(workspace: Workspace, report: IngestReport) -> list[dict[str, Scalar]]:
    bars = workspace.bars.current(report.series)
    tail = bars.take(slice(max(len(bars) - 5, 0), None))
    return [
        {"event_time": str(tail.event_time[i])[:19]}
        | {name: float(getattr(tail, name)[i]) for name in ("open", "high", "low", "close", "volume")}
        for i in range(len(tail))
    ]
