"""A series of which some bars are refused, a refresh as an ingest does it, and decisions in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from fakes.bars import random_walk
from fakes.dying import Died

from trimtab.bars.checks import judge
from trimtab.bars.quarantine import Quarantine, accept_decided, without_overruled
from trimtab.bars.quarantine.case import Case, Docket
from trimtab.bars.quarantine.settle import Settlement, Signature, carry_out, plan_correct, plan_reject, plan_release
from trimtab.bars.schema import PRICES, Bars, concatenate
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_datetime
from trimtab.storage.lake import Lake

HUNDREDFOLD, CONFLICT, MISSING, TWICE, ODD, NEGATIVE = 10, 20, 30, 40, 45, 50
RECEIVED = datetime(2024, 1, 2, tzinfo=UTC)


def clean_bars() -> Bars:
    """Sixty daily bars without a defect."""
    return random_walk(60)


def delivered() -> Bars:
    """The same with defects: a hundredfold, a contradicted, an empty, a repeated, an odd and a negative bar.

    And one that has lost its time, at the end.
    """
    bars = clean_bars()
    bars = edited(bars, HUNDREDFOLD, **{name: 100 * getattr(bars, name)[HUNDREDFOLD] for name in PRICES})
    bars = edited(bars, MISSING, close=np.nan)
    bars = edited(bars, ODD, high=float(bars.low[ODD]), low=float(bars.high[ODD]))
    bars = edited(bars, NEGATIVE, close=-1.0, low=-1.0)
    other = edited(bars, CONFLICT, close=bars.close[CONFLICT] * 1.002).take(slice(CONFLICT, CONFLICT + 1))
    timeless = replace(bars.take(slice(59, 60)), event_time=np.array(["NaT"], "datetime64[us]"))
    again = bars.take(slice(TWICE, TWICE + 1))
    return concatenate([bars.take(slice(0, 59)), other, again, timeless])


def edited(bars: Bars, at: int, **values: float) -> Bars:
    """The bars with other values at one position."""
    changed = {name: getattr(bars, name).copy() for name in values}
    for name, value in values.items():
        changed[name][at] = value
    return replace(bars, **changed)


@dataclass
class Desk:
    """Where somebody decides about bars of one series: a store, a quarantine, and a clock of its own."""

    lake: Lake
    now: datetime = RECEIVED

    def __post_init__(self) -> None:
        self.store, self.quarantine, self.series = BarStore(self.lake), Quarantine(self.lake), clean_bars().series

    def refresh(self, bars: Bars) -> np.ndarray:
        """What an ingest does with delivered bars; returns which of those left by decisions were stored."""
        self.now += timedelta(hours=1)
        stored, decisions = self.store.stored(self.series), self.quarantine.decisions(self.series)
        bars = without_overruled(bars, decisions, stored)
        verdict = judge(bars, context=stored)
        self.quarantine.add(self.series, bars, verdict.findings, self.now)
        accepted = accept_decided(bars, verdict.accepted, decisions)
        self.store.append(bars.take(accepted), self.now)
        return accepted

    def time(self, at: int) -> datetime:
        """The time of the bar at a position of the clean bars."""
        return as_datetime(clean_bars().event_time[at])

    def refused(self, at: int | None) -> list[str]:
        """Ids of the refused bars of a time, in the order they were refused; None is no time."""
        time = None if at is None else self.time(at)
        return list(dict.fromkeys(kept.bar for kept in self.quarantine.list(self.series) if kept.event_time == time))

    def case(self, bar: str) -> Case:
        return Docket.read(self.store, self.quarantine, self.series).case(bar)

    def release(self, bar: str, **signed: str) -> Settlement:
        return self._do(plan_release(self.case(bar), self.signed(**signed)))

    def reject(self, bar: str, **signed: str) -> Settlement:
        return self._do(plan_reject(self.case(bar), self.signed(**signed)))

    def correct(
        self, bar: str, values: Mapping[str, float], event_time: datetime | None = None, *, anyway: bool = False
    ) -> Settlement:
        case = self.case(bar)
        return self._do(plan_correct(case, self.signed(), values, self.store, event_time, anyway=anyway))

    def correct_stored(self, at: int, values: Mapping[str, float]) -> Settlement:
        case = Docket.read(self.store, self.quarantine, self.series).case_at(self.time(at))
        return self._do(plan_correct(case, self.signed(), values, self.store))

    def signed(self, actor: str = "ada", reason: str = "looked it up") -> Signature:
        self.now += timedelta(hours=1)
        return Signature(actor, reason, self.now)

    def cut_off(self, settlement: Settlement) -> None:
        """Die after the bar was stored and before the decision was recorded."""
        try:
            carry_out([settlement], self.store, self.quarantine, die)
        except Died:
            return
        raise AssertionError("nobody died")

    def stored(self, at: int) -> Bars:
        """Every stored version of a time."""
        return self.store.history(self.series, self.time(at))

    def _do(self, settlement: Settlement) -> Settlement:
        carry_out([settlement], self.store, self.quarantine)
        return settlement


def die(settlements: Sequence[Settlement]) -> None:
    """A witness who never writes anything down."""
    raise Died("between the store and the decision")
