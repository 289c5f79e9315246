"""The inbox as a stage: one delivered file is judged, quarantined and stored, and remembered last.

Deliveries are taken in the order in which they arrived, whoever asks for which first: a file ingested
after a later one would put its old values back over the corrected ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from trimtab.bars.actions.schema import Actions
from trimtab.bars.inbox import Delivery, Inbox, InboxScan, Processed, Refused, SeriesTaken, SetAside, Waiting
from trimtab.bars.ingest import ingest
from trimtab.bars.schema import Bars
from trimtab.bars.sources.files import BarFiles
from trimtab.bars.sources.protocol import BarSource, within
from trimtab.bars.times import as_datetime, as_time
from trimtab.clock import Clock, SystemClock
from trimtab.config.strategy import Universe
from trimtab.errors import BarsError, ConfigurationError, SourceError, StorageError
from trimtab.market import Series
from trimtab.market.calendar import parse_calendar
from trimtab.pipeline.stage import CheckOutcome, Scalar, StageResult
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.locks import exclusive

STAGE = "inbox_files"
SOURCE = "inbox"  # as a strategy file says it
MAX_QUARANTINED_SHARE = 0.05  # of the bars of a file; above it the file deserves a look
LOCK_TIMEOUT_SECONDS = 900.0
SHOWN = 12  # digits of a content


def inbox_of(workspace: Workspace) -> Inbox:
    """The inbox of an installation."""
    settings = workspace.settings
    return Inbox(
        workspace.lake,
        settings.inbox_dir_or_default.absolute(),
        settings.inbox_settle_seconds,
        timedelta(seconds=settings.publication_lag_seconds),
    )


def look(workspace: Workspace, clock: Clock = SystemClock()) -> InboxScan:
    """What the inbox holds now, after the bad files have been set aside; `refused` names those.

    Parameters
    ----------
    clock: the one that dates files; it stays the computer's where everything else is simulated.

    A bad file that cannot be moved waits, so that it does not keep the good ones from being taken.
    """
    inbox = inbox_of(workspace)
    found = inbox.scan(clock.now())
    moved: set[SetAside] = set()
    stuck = []
    for refused in found.refused:
        try:
            moved.add(inbox.set_aside(refused))
        except StorageError as error:
            stuck.append(Waiting(refused.path, str(error)))
    every = sorted({*found.set_aside, *moved}, key=lambda each: each.path.name)
    return replace(found, set_aside=tuple(every), waiting=(*found.waiting, *stuck))


def ingest_file(
    workspace: Workspace, name: str, content: str | None = None, clock: Clock = SystemClock()
) -> StageResult:
    """Ingest one file of the inbox, after those that were delivered before it; done before, it is skipped.

    The file is remembered when all its bars are stored, so a run killed at any moment is completed by
    the next one, in which the bars that are stored already change nothing.

    Parameters
    ----------
    name: of a file in the inbox.
    content: what it must still hold; absent, it is taken as it is.
    clock: the one that dates files.

    Raises
    ------
    SourceError: the file is gone, or holds something else by now, or cannot be read after all and
        was set aside.
    """
    inbox = inbox_of(workspace)
    with exclusive(workspace.lake.lock_path("inbox"), LOCK_TIMEOUT_SECONDS):
        delivery = inbox.delivery(name)
        if content is not None and delivery.content != content:
            raise SourceError(
                f"{name} no longer holds {content[:SHOWN]} but {delivery.content[:SHOWN]}; "
                "the new content is taken when it has been left alone for a while"
            )
        if delivery.processed and delivery.is_done(workspace.lake.clock.now()):
            return _result(workspace, delivery.processed, skipped=True)
        for earlier in inbox.scan(clock.now()).ready:
            if (earlier.delivered, earlier.name) < (delivery.delivered, name):
                with suppress(SourceError):  # it was set aside, or its writer has come back
                    _take(workspace, inbox, earlier)
        return _result(workspace, _take(workspace, inbox, delivery), skipped=False)


def series_to_refresh(workspace: Workspace, content: str) -> list[str]:
    """The keys of the strategies' series that live on the inbox and that a processed file has bars of."""
    processed = inbox_of(workspace).ledger.last(content)
    delivered = {each.key for each in processed.series} if processed else set()
    return [
        key
        for key, universe in workspace.universes.items()
        if universe.source == SOURCE and _asked_for(key, universe) in delivered
    ]


def _asked_for(key: str, universe: Universe) -> str:
    return Series(Series.parse(key).instrument_id, universe.resample_from or universe.timeframe).key


def _take(workspace: Workspace, inbox: Inbox, delivery: Delivery) -> Processed:
    """Ingest one delivery and remember it; one that turns out to be bad is set aside."""
    now = workspace.lake.clock.now()
    with inbox.taken(delivery) as path:
        files = BarFiles(path, inbox.publication_lag, name=SOURCE)
        with _setting_aside(inbox, delivery, path):
            every = files.instruments()
        taken = [_take_series(workspace, inbox, delivery, files, series, now) for series in every]
    processed = Processed(
        content=delivery.content,
        name=delivery.name,
        n_bytes=delivery.n_bytes,
        processed=now,
        unknown_until=min((moment for _, moment in taken if moment), default=None),
        series=tuple(counts for counts, _ in taken),
    )
    inbox.ledger.record(processed)
    return processed


@contextmanager
def _setting_aside(inbox: Inbox, delivery: Delivery, path: Path) -> Iterator[None]:
    """Blame a file for what reading it says, under the name it was delivered by."""
    try:
        yield
    except (BarsError, ConfigurationError) as error:
        reason = str(error).replace(str(path), str(delivery.path))
        inbox.set_aside(Refused(delivery.path, reason))
        raise SourceError(f"{reason}; the file was set aside") from error


def _take_series(
    workspace: Workspace, inbox: Inbox, delivery: Delivery, files: BarFiles, series: Series, now: datetime
) -> tuple[SeriesTaken, datetime | None]:
    """What became of the bars of one series, and when the first of those not yet known will be."""
    with _setting_aside(inbox, delivery, files.path):
        bars, told = files.fetch(series), files.actions(series)
    before = delivery.processed
    if before is not None:
        bars, told = _left_over(workspace, bars, before.processed), Actions.empty(series.instrument_id)
    is_later = bars.known_time > as_time(now)
    later = as_datetime(bars.known_time[is_later].min()) if is_later.any() else None
    if is_later.all():
        return SeriesTaken(series.key, unknown=int(is_later.sum())), later
    universe = workspace.universes.get(series.key)
    report = ingest(
        _OneSeries(bars, told),
        series,
        workspace.bars,
        workspace.quarantine,
        workspace.lake.clock,
        limits=workspace.settings.quality,
        calendar=parse_calendar(universe.calendar) if universe and universe.calendar else None,
    )
    counts = SeriesTaken(
        series.key,
        fetched=report.fetched,
        new=report.new,
        restated=report.restated,
        unchanged=report.unchanged,
        quarantined=report.quarantined,
        flagged=sum(finding.severity == "warning" for finding in report.findings),
        unknown=int(is_later.sum()),
    )
    return counts, later


def _left_over(workspace: Workspace, bars: Bars, seen: datetime) -> Bars:
    """The bars that were not yet known when the file was seen, and that nobody has delivered since."""
    stored = workspace.bars.stored(bars.series).event_time
    return bars.take((bars.known_time > as_time(seen)) & ~np.isin(bars.event_time, stored))


@dataclass(frozen=True)
class _OneSeries(BarSource):
    """Bars and actions of one series that were read from a file already."""

    bars: Bars
    told: Actions
    name: str = SOURCE

    def instruments(self) -> list[Series]:
        return [self.bars.series]

    def fetch(self, series: Series, since: datetime | None = None, until: datetime | None = None) -> Bars:
        return within(self.bars, since, until)

    def actions(self, series: Series) -> Actions:
        return self.told


def _result(workspace: Workspace, processed: Processed, skipped: bool) -> StageResult:
    counts = ("fetched", "new", "restated", "unchanged", "quarantined", "flagged", "unknown")
    metrics: dict[str, Scalar] = {
        "file": processed.name,
        "bytes": processed.n_bytes,
        "series": len(processed.series),
        **{what: processed.total(what) for what in counts},
    }
    rows = [{"series": each.key, **{what: getattr(each, what) for what in counts}} for each in processed.series]
    return StageResult(
        stage=STAGE,
        key=processed.name,
        data_version=processed.content,
        skipped=skipped,
        metrics=metrics,
        tables={"series in the file": rows},
        checks=(_few_refused(processed), _one_source(workspace, processed)),
    )


def _few_refused(processed: Processed) -> CheckOutcome:
    refused, judged = processed.total("quarantined"), processed.total("fetched")
    share = refused / max(judged, 1)
    return CheckOutcome(
        "few_refused",
        share <= MAX_QUARANTINED_SHARE,
        False,
        f"{refused} of {judged} bars went to quarantine ({share:.2%}); above {MAX_QUARANTINED_SHARE:.0%} the file deserves a look",
        {"quarantined_share": share, "limit": MAX_QUARANTINED_SHARE},
    )


def _one_source(workspace: Workspace, processed: Processed) -> CheckOutcome:
    others = {
        each.key: workspace.universes[each.key].source
        for each in processed.series
        if each.key in workspace.universes and workspace.universes[each.key].source != SOURCE
    }
    said = ", ".join(f"{key} (source '{source}')" for key, source in others.items())
    return CheckOutcome(
        "one_source",
        not others,
        False,
        f"strategies take these series from elsewhere: {said}; where the two differ, each restates the other"
        if others
        else "no strategy takes these series from another source",
        {"series": len(others)},
    )
