"""From a source into the store: fetched, judged, the good bars stored, the others in quarantine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.bars.checks import Finding, judge
from trimtab.bars.quarantine import Quarantine
from trimtab.bars.schema import Bars
from trimtab.bars.sources.protocol import BarSource
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_time
from trimtab.clock import Clock
from trimtab.errors import SourceError
from trimtab.market import Series


@dataclass(frozen=True)
class IngestReport:
    """What one ingest did, in bars.

    Attributes
    ----------
    series: which series.
    fetched: bars the source delivered, without those not yet known (unfinished or unpublished).
    accepted, quarantined: what the verdict said; together they are `fetched`.
    new, restated, unchanged: what the store did with the accepted ones.
    findings: everything the checks said, warnings included; `index` refers to the fetched bars.
    """

    series: Series
    fetched: int
    accepted: int
    quarantined: int
    new: int
    restated: int
    unchanged: int
    findings: tuple[Finding, ...]


def ingest(source: BarSource, series: Series, store: BarStore, quarantine: Quarantine, clock: Clock) -> IngestReport:
    """Bring the store up to date with a source; a second call with the same bars changes nothing.

    The whole history is asked for, so that what the source has restated is seen. A bar whose
    known time (its close plus the publication lag) still lies ahead is left for the next call:
    its values are not final. Quarantine is written before the store, and both only
    add what they lack: a run killed between the two is completed by the next one.

    Raises what the source raises; then nothing has been stored.
    """
    now = clock.now()
    fetched = source.fetch(series)
    if fetched.series != series:
        raise SourceError(f"source '{source.name}' was asked for {series} and delivered {fetched.series}")
    bars = _finished(fetched, as_time(now))
    verdict = judge(bars, context=store.current(series))
    quarantine.add(series, bars, verdict.findings, now)
    stored = store.append(bars.take(verdict.accepted), now)
    accepted = int(verdict.accepted.sum())
    return IngestReport(
        series=series,
        fetched=len(bars),
        accepted=accepted,
        quarantined=len(bars) - accepted,
        new=stored.new,
        restated=stored.restated,
        unchanged=stored.unchanged,
        findings=verdict.findings,
    )


def _finished(bars: Bars, now: np.datetime64) -> Bars:
    # A bar without a time compares as false and stays, so that the checks can refuse it.
    return bars.take(~(bars.known_time > now))
