"""Everything known about one bar and its time, read together before somebody decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from trimtab.bars.quarantine.decision import QuarantineDecision, State, states
from trimtab.bars.quarantine.identity import bar_ids
from trimtab.bars.quarantine.ledger import Quarantine
from trimtab.bars.quarantine.refused import QuarantinedBar, one_bar
from trimtab.bars.schema import Bars
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_time, iso
from trimtab.errors import NotFoundError
from trimtab.market import Series


@dataclass(frozen=True)
class Case:
    """Everything known about one bar and its time.

    Attributes
    ----------
    series, bar, event_time: which bar; `event_time` is None where it has none.
    reasons: why it was refused; none for an accepted bar.
    others: the reasons of other refused bars of that time.
    versions: what the store holds of that time, oldest version first.
    decisions: every decision about the series.
    states: the state of every bar of the series.
    """

    series: Series
    bar: str
    event_time: datetime | None
    reasons: tuple[QuarantinedBar, ...]
    others: tuple[QuarantinedBar, ...]
    versions: Bars
    decisions: tuple[QuarantineDecision, ...]
    states: Mapping[str, State]

    @property
    def state(self) -> State:
        """The state of the bar; an accepted one nobody decided about is "open" to correction."""
        return self.states.get(self.bar, "open")

    @property
    def about_it(self) -> tuple[QuarantineDecision, ...]:
        """The decisions about the bar itself, oldest first."""
        return tuple(decision for decision in self.decisions if decision.bar == self.bar)

    @cached_property
    def version_ids(self) -> list[str]:
        """Ids of the stored versions, oldest first."""
        return bar_ids(self.versions)

    @property
    def standing(self) -> str | None:
        """Id of the version that stands, None where nothing is stored."""
        return self.version_ids[-1] if self.version_ids else None

    @property
    def is_told_twice(self) -> bool:
        """Whether the bar repeats one that was accepted before it was refused, or beside it."""
        if self.standing != self.bar:
            return self.standing is None and {kept.check for kept in self.reasons} == {"duplicate_time"}
        return bool(self.versions.received_time[-1] <= as_time(self.reasons[0].received_time))

    @property
    def delivered(self) -> Bars:
        """The bar as it was delivered, without a time where it had none."""
        if self.reasons:
            return one_bar(self.series, self.reasons[0].event_time, self.reasons[0].values)
        at = self.version_ids.index(self.bar)
        return self.versions.take(slice(at, at + 1))


@dataclass(frozen=True)
class Docket:
    """Refusals and decisions of a series, read once for many cases."""

    series: Series
    store: BarStore
    refused: tuple[QuarantinedBar, ...]
    decisions: tuple[QuarantineDecision, ...]
    states: Mapping[str, State]

    @classmethod
    def read(cls, store: BarStore, quarantine: Quarantine, series: Series) -> Docket:
        """The docket of a series as it is now."""
        refused, decisions = tuple(quarantine.list(series)), quarantine.decisions(series)
        opened: dict[str, State] = {kept.bar: "open" for kept in refused}
        return cls(series, store, refused, decisions, opened | states(decisions))

    def case(self, bar: str) -> Case:
        """The case of a refused bar, or of an accepted one that was corrected, by its full id."""
        times = [kept.event_time for kept in self.refused if kept.bar == bar]
        times += [made.event_time for made in self.decisions if made.bar == bar]
        if not times:
            raise NotFoundError(
                f"{self.series} has no bar {bar} in quarantine; trimtab bars quarantine list --all shows them"
            )
        # A bar that came without a time may have been given one.
        return self._case(bar, next((time for time in times if time is not None), None))

    def case_at(self, event_time: datetime) -> Case:
        """The case of the bar that is stored at a time."""
        versions = self.store.history(self.series, event_time)
        if len(versions) == 0:
            raise NotFoundError(_nothing_stored(self.store, self.series, event_time))
        return self._case(bar_ids(versions)[-1], event_time)

    def _case(self, bar: str, time: datetime | None) -> Case:
        return Case(
            series=self.series,
            bar=bar,
            event_time=time,
            reasons=tuple(kept for kept in self.refused if kept.bar == bar),
            others=tuple(
                kept for kept in self.refused if kept.bar != bar and kept.event_time == time and time is not None
            ),
            versions=Bars.empty(self.series) if time is None else self.store.history(self.series, time),
            decisions=self.decisions,
            states=self.states,
        )


def _nothing_stored(store: BarStore, series: Series, event_time: datetime) -> str:
    times = store.current(series).event_time
    if len(times) == 0:
        return f"no bars of {series} are stored; trimtab bars list shows the series that are"
    at = min(int(np.searchsorted(times, as_time(event_time))), len(times) - 1)
    return (
        f"no bar of {series} is stored at {iso(as_time(event_time))}; the next one is at {iso(times[at])}, "
        f"and they reach from {iso(times[0])} to {iso(times[-1])}"
    )
