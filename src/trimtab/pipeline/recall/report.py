"""What a recall found, and the sentences that sum it up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ChangedBar:
    """A bar that says something else than it first did, or that came after bars which follow it.

    Attributes
    ----------
    series: key of the series.
    event_time: open of the bar; ex-time of a corporate action.
    known_time: since when it has been known like this.
    received_time: when trimtab received it like this.
    changed: which of its numbers are different from the version before; ("late",) for a bar that
        came late, ("split",) or ("dividend",) for an action that was told late or differently.
    close_before, close: the close of the version before and of this one; None for an action and
        where there was no version before.
    """

    series: str
    event_time: datetime
    known_time: datetime
    received_time: datetime
    changed: tuple[str, ...]
    close_before: float | None = None
    close: float | None = None

    @property
    def is_late(self) -> bool:
        """Whether it was absent before, and not different."""
        return self.changed == ("late",)

    @property
    def is_only_factor(self) -> bool:
        """Whether prices and volume are what they were: another vintage of the adjustment."""
        return self.changed == ("factor",)


@dataclass(frozen=True)
class QuarantinedInSpan:
    """A bar that was refused.

    Attributes
    ----------
    series, event_time, received_time: which bar, and when it came.
    checks: why it was refused.
    state: "open", or what a person decided: "released", "rejected", "corrected".
    is_stored: whether an accepted bar of the same time is stored; the refused values never are,
        unless a person released them.
    """

    series: str
    event_time: datetime
    received_time: datetime
    checks: tuple[str, ...]
    state: str
    is_stored: bool


@dataclass(frozen=True)
class TouchedTable:
    """A stored table of which some rows read the bars: features, or out-of-sample forecasts.

    Attributes
    ----------
    kind: "features" or "forecasts".
    name: its name in the lake.
    n_rows, n_touched: all rows, and those whose own numbers or outcome read the bars.
    built_before: whether it was made from other bars than are stored now (features), or from a
        dataset that was (forecasts).
    """

    kind: str
    name: str
    n_rows: int
    n_touched: int
    built_before: bool


@dataclass(frozen=True)
class TouchedDataset:
    """A stored dataset with samples that read the bars.

    Attributes
    ----------
    fingerprint, series: which dataset, and which of its series it is about.
    strategies: whose models or studies used it, or whose latest it is.
    as_of: the newest known time of its bars and of what was told of them later.
    n_samples: of all its instruments.
    n_touched: samples that read the bars, memory of 1e-9 included; `share` of all, 0 to 1.
    n_within_lookback: those of them that read the bars within look-back or label.
    built_before: whether it was built before the latest change of the bars, so that it saw other values.
    n_superseded: samples that hold values from before a change that was more than a factor, within
        look-back or label. A dataset built after the change has these too: its samples are what
        could be known when they were decided.
    n_through_peers: those of `n_touched` that are of other instruments, whose features read the bars as
        those of a peer.
    """

    fingerprint: str
    series: str
    strategies: tuple[str, ...]
    as_of: datetime
    n_samples: int
    n_touched: int
    n_within_lookback: int
    built_before: bool
    n_superseded: int
    n_through_peers: int = 0

    @property
    def share(self) -> float:
        """Share of the samples that read the bars."""
        return self.n_touched / max(self.n_samples, 1)


@dataclass(frozen=True)
class TouchedModel:
    """A model version that learnt from a touched dataset.

    Attributes
    ----------
    model_id, strategy, version, state, created: which version.
    aliases: what it is now: "champion", "challenger".
    dataset: fingerprint of what it learnt from.
    built_before: that of the dataset.
    """

    model_id: int
    strategy: str
    version: str
    state: str
    aliases: tuple[str, ...]
    dataset: str
    created: datetime
    built_before: bool


@dataclass(frozen=True)
class TouchedReport:
    """A recorded judgement that comes from a touched dataset or model, or from rows that read the bars.

    Attributes
    ----------
    kind: "tuning_study", "walk_forward_report", "backtest_report", "honesty_report", "robustness_report",
        "leak_certificate", "model_certificate", "drift_snapshot" or "deployment_decision".
    strategy: whose.
    name: id, version or path by which it is found.
    about: fingerprint of the dataset, or model version, it comes from.
    detail: what it said, in a few words.
    built_before: whether it saw other values than are stored now.
    """

    kind: str
    strategy: str
    name: str
    about: str
    detail: str
    built_before: bool


@dataclass(frozen=True)
class RecallReport:
    """Everything that was built on the bars of an instrument in a span.

    Attributes
    ----------
    instrument_id, series: which bars; the keys of its stored series.
    start, end: the span, both included; a bar belongs to it when any of the bar lies in it.
    n_bars: bars stored in the span.
    changes: what is not the first version, by known time.
    quarantined: refused bars of the span.
    tables, datasets, models, reports: what was built on them.
    unreadable: datasets whose description is damaged; they may have been built on them too.
    """

    instrument_id: str
    series: tuple[str, ...]
    start: datetime
    end: datetime
    n_bars: int
    changes: tuple[ChangedBar, ...]
    quarantined: tuple[QuarantinedInSpan, ...]
    tables: tuple[TouchedTable, ...]
    datasets: tuple[TouchedDataset, ...]
    models: tuple[TouchedModel, ...]
    reports: tuple[TouchedReport, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """The report in a few sentences."""
        parts = (
            self._bars(),
            self._refused(),
            self._built(),
            self._beside(),
            self._before(),
            self._kept(),
            self._unknown(),
        )
        return tuple(part for part in parts if part)

    def _bars(self) -> str:
        where = f"{self.instrument_id} ({', '.join(self.series)})" if self.series else self.instrument_id
        if not self.n_bars:
            return f"No bar of {where} is stored between {_said(self.start)} and {_said(self.end)}."
        changed = f"with {_count(len(self.changes), 'change', 'changes')} since" if self.changes else "never changed"
        span = f"between {_said(self.start)} and {_said(self.end)}"
        return f"{_count(self.n_bars, 'stored bar', 'stored bars')} of {where} {span}, {changed}."

    def _refused(self) -> str:
        n = sum(not bar.is_stored for bar in self.quarantined)
        return (
            f"{_count(n, 'refused bar was', 'refused bars were')} never stored: nothing was built on that." if n else ""
        )

    def _built(self) -> str:
        if not (self.datasets or self.tables or self.reports):
            return "Nothing that is stored was built on them."
        forecasts = sum(table.n_touched for table in self.tables if table.kind == "forecasts")
        named = [f"{model.strategy} {model.version}" for model in self.models if "champion" in model.aliases]
        champions = f" (champion: {', '.join(named)})" if named else ""
        return (
            f"Built on them: {_count(len(self.datasets), 'dataset', 'datasets')}, "
            f"{_count(len(self.models), 'model version', 'model versions')}{champions}, "
            f"{_count(len(self.reports), 'report', 'reports')}, {_count(forecasts, 'stored forecast', 'stored forecasts')}."
        )

    def _beside(self) -> str:
        """Samples nobody would look for: those of other instruments."""
        n = sum(dataset.n_through_peers for dataset in self.datasets)
        return f"{_count(n, 'sample', 'samples')} of other instruments read them as bars of a peer." if n else ""

    def _before(self) -> str:
        if not self.changes or not self.datasets:
            return ""
        newest = max(change.known_time for change in self.changes)
        before = [_count(_n_before(found), one, many) for found, one, many in (
            (self.datasets, "dataset", "datasets"),
            (self.models, "model version", "model versions"),
        )]  # fmt: skip
        return f"Built before the latest change, of {_said(newest)}: {' and '.join(before)}."

    def _kept(self) -> str:
        """What a reader would not expect: a dataset built after a change still holds what was known before it."""
        since = [dataset for dataset in self.datasets if not dataset.built_before and dataset.n_superseded]
        if not since:
            return ""
        samples = sum(dataset.n_superseded for dataset in since)
        return (
            f"{_count(len(since), 'dataset', 'datasets')} built since "
            f"{'holds' if len(since) == 1 else 'hold'} {_count(samples, 'sample', 'samples')} with the values from "
            "before it: a sample says what could be known when it was decided, and a retrain keeps it."
        )

    def _unknown(self) -> str:
        n = len(self.unreadable)
        return f"{_count(n, 'dataset', 'datasets')} cannot be read and may have been built on them too." if n else ""


def _n_before(found: Sequence[TouchedDataset] | Sequence[TouchedModel]) -> int:
    return sum(each.built_before for each in found)


def _count(n: int, one: str, many: str) -> str:
    return f"{n or 'no'} {one if n == 1 else many}"


def _said(time: datetime) -> str:
    """A time without what is zero in it.

    >>> from datetime import UTC
    >>> _said(datetime(2020, 1, 2, tzinfo=UTC)), _said(datetime(2020, 1, 2, 14, 30, tzinfo=UTC))
    ('2020-01-02', '2020-01-02 14:30 UTC')
    """
    return f"{time:%Y-%m-%d}" if not (time.hour or time.minute) else f"{time:%Y-%m-%d %H:%M} UTC"
