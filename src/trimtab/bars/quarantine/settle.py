"""What a decision about a bar means for the store, worked out first and done afterwards.

The rule: a decision that stores a bar settles its time. Whatever else was known of that time by
then, refused or stored, is overruled; values nobody has seen before restate the bar, as always.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np

from trimtab.bars.checks.single_bar import check_single_bars
from trimtab.bars.checks.verdict import Finding
from trimtab.bars.quarantine.case import Case
from trimtab.bars.quarantine.decision import STATE_AFTER, Action, QuarantineDecision, overruled_ids
from trimtab.bars.quarantine.identity import bar_ids
from trimtab.bars.quarantine.ledger import Quarantine
from trimtab.bars.quarantine.neighbours import misfits
from trimtab.bars.quarantine.refused import VALUES, one_bar
from trimtab.bars.schema import Bars, concatenate
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_datetime, as_time, iso
from trimtab.config.quality import CheckLimits
from trimtab.errors import BarsError, ConfigurationError, TransitionError
from trimtab.market import Series
from trimtab.storage.hashing import fingerprint_json

Effect = Literal["new", "restated", "unchanged"]

_LIMITS = CheckLimits()
# A high below the close is odd; without a time or a positive number a bar cannot be computed with.
_STORABLE_WITH = frozenset({"inconsistent_ohlc"})


@dataclass(frozen=True)
class Signature:
    """Who decides, why, and when."""

    actor: str
    reason: str
    decided: datetime


@dataclass(frozen=True)
class Settlement:
    """A decision worked out, with everything that follows from it; nothing is done yet.

    Attributes
    ----------
    series: of which series.
    decisions: rejections of other bars of that time first, the decision itself last.
    stored: the bar to store, one; None for a rejection.
    effect: what that is for the store: "new", "restated", "unchanged"; None for a rejection.
    number: how many decisions there were about this bar before.
    despite: what the checks say about the bar beside its neighbours, and a person overrode.
    """

    series: Series
    decisions: tuple[QuarantineDecision, ...]
    stored: Bars | None
    effect: Effect | None
    number: int
    despite: tuple[str, ...] = ()

    @property
    def decision(self) -> QuarantineDecision:
        """The decision itself."""
        return self.decisions[-1]

    @property
    def fingerprint(self) -> str:
        """The same for the same decision about a bar in the same state, whenever it is taken."""
        made = self.decision
        values = None if made.values is None else [repr(made.values[name]) for name in VALUES]
        return fingerprint_json([self.series.key, self.number, made.bar, made.action, made.actor, made.reason, values])


def plan_release(case: Case, signed: Signature, limits: CheckLimits = _LIMITS) -> Settlement:
    """The bar goes into the store as it was delivered, known from now on.

    Other refused bars of that time are rejected. The factor is the one it came with; the next refresh
    that delivers the bar brings the current one. Raises `BarsError` for a bar that cannot be stored
    and `TransitionError` where it was never refused or is released and standing.
    """
    if not case.reasons:
        raise TransitionError(f"bar {case.bar} of {case.series} was accepted, never refused; it can only be corrected")
    objections = [found for found in check_single_bars(case.delivered, limits) if found.check not in _STORABLE_WITH]
    if objections:
        way = "correct it (--time says when it was) or reject it" if case.event_time is None else "correct or reject it"
        raise BarsError(f"bar {case.bar} of {case.series} cannot be stored: {_said(objections)}; {way}")
    return _storing(case, signed, "release", case.delivered)


def plan_reject(case: Case, signed: Signature) -> Settlement:
    """The bar stays out for good: delivered again, it is left aside.

    Raises `TransitionError` for a bar that is rejected already, or whose values stand in the store
    by a decision: a stored version stays, and only other values can follow it.
    """
    if not case.reasons:
        raise TransitionError(f"bar {case.bar} of {case.series} was accepted, never refused; it can only be corrected")
    if case.state == "rejected":
        raise TransitionError(f"bar {case.bar} of {case.series} {_last(case)}; nothing is left to do")
    if case.state == "corrected" or (case.standing == case.bar and not case.is_told_twice):
        how = f"{_last(case)}, and" if case.about_it else "is what is stored, and"
        raise TransitionError(f"bar {case.bar} of {case.series} {how} a stored version stays; correct it instead")
    overruled = () if case.is_told_twice or not _has_factor(case.delivered) else (case.bar,)
    decision = _decision(case, signed, "reject", None, overruled)
    return Settlement(case.series, (decision,), None, None, len(case.about_it))


def plan_correct(
    case: Case,
    signed: Signature,
    given: Mapping[str, float],
    store: BarStore,
    event_time: datetime | None = None,
    limits: CheckLimits = _LIMITS,
    *,
    anyway: bool = False,
) -> Settlement:
    """Other values become a version of the bar, known from now on.

    Parameters
    ----------
    given: new values by name: open, high, low, close, volume; and factor, for a bar that came without
        a usable one (otherwise the factor follows the source). What is not given stays as it was
        delivered, or as it was corrected last.
    store: where the neighbours are, beside which the result is judged.
    event_time: for a bar that came without a time.
    anyway: the result is true although it does not look like its neighbours.

    Raises `BarsError` where a check on single bars objects to the result, and, unless `anyway`, where
    it does not fit the bars around it (`misfits`): values left as delivered may be in another unit.
    """
    time = _time_of(case, event_time)
    base = _last_values(case)
    _check_given(case, given, base)
    corrected = one_bar(case.series, time, base | dict(given))
    objections = check_single_bars(corrected, limits)
    if objections:
        raise BarsError(
            f"the corrected bar of {case.series} at {iso(as_time(time))} would be refused: {_said(objections)}; "
            "give values that make a bar"
        )
    strange = misfits(corrected, store, limits)
    if strange and not anyway:
        raise BarsError(
            f"the corrected bar of {case.series} at {iso(as_time(time))} does not fit the bars around it: "
            f"{_said(strange)}; give every value that is wrong, or --anyway if these are true"
        )
    return replace(_storing(case, signed, "correct", corrected), despite=tuple(map(_one, strange)))


def carry_out(
    settlements: Sequence[Settlement],
    store: BarStore,
    quarantine: Quarantine,
    witness: Callable[[Sequence[Settlement]], None] = lambda settlements: None,
) -> None:
    """Do what was worked out for bars of one series, at distinct times if they are to be stored.

    The bars are stored first, then a witness writes the decisions down, and they are recorded last:
    killed in between, the same decisions taken again complete what is missing. The caller holds
    `Quarantine.undisturbed` since before the cases were opened.
    """
    bars = [settlement.stored for settlement in settlements if settlement.stored is not None]
    if bars:
        store.append(concatenate(bars), settlements[0].decision.decided, known_at_receipt=True)
    witness(settlements)
    decisions = {made.bar: made for settlement in settlements for made in settlement.decisions}
    quarantine.record(settlements[0].series, tuple(decisions.values()))


def _storing(case: Case, signed: Signature, action: Action, bars: Bars) -> Settlement:
    (stands,) = bar_ids(bars)
    others = {kept.bar for kept in case.others if case.states[kept.bar] != "rejected"}
    overruled = {case.bar, *case.version_ids, *(kept.bar for kept in case.others)} - {stands}
    # An earlier attempt that was cut off after storing has not recorded what it overrules.
    is_recorded = overruled <= overruled_ids(case.series, case.decisions)
    if case.state == STATE_AFTER[action] and case.standing == stands and is_recorded and not others:
        raise TransitionError(
            f"bar {case.bar} of {case.series} {_last(case)}, and so it is stored; nothing is left to do"
        )
    values = {name: float(getattr(bars, name)[0]) for name in VALUES}
    decision = _decision(case, signed, action, values, tuple(sorted(overruled)), as_datetime(bars.event_time[0]))
    because = f"bar {case.bar} of the same time was {'released' if action == 'release' else 'corrected'}"
    rejections = [
        QuarantineDecision(other, decision.event_time, "reject", signed.actor, because, signed.decided)
        for other in sorted(others)
    ]
    return Settlement(case.series, (*rejections, decision), bars, _effect(case, bars), len(case.about_it))


def _effect(case: Case, bars: Bars) -> Effect:
    if case.standing is None:
        return "new"
    is_same = all(getattr(bars, name)[0] == getattr(case.versions, name)[-1] for name in VALUES)
    return "unchanged" if is_same else "restated"


def _decision(
    case: Case,
    signed: Signature,
    action: Action,
    values: Mapping[str, float] | None,
    overruled: tuple[str, ...],
    event_time: datetime | None = None,
) -> QuarantineDecision:
    return QuarantineDecision(
        bar=case.bar,
        event_time=event_time or case.event_time,
        action=action,
        actor=signed.actor,
        reason=signed.reason,
        decided=signed.decided,
        values=values,
        overruled=overruled,
    )


def _has_factor(bars: Bars) -> bool:
    # Without one no check lets it pass, and with one it may be a good bar.
    return bool(np.isfinite(bars.factor[0]) and bars.factor[0] > 0)


def _time_of(case: Case, event_time: datetime | None) -> datetime:
    if case.event_time is None and event_time is None:
        raise BarsError(f"bar {case.bar} of {case.series} came without a time; say which bar it is with --time")
    if case.event_time is not None and event_time not in (None, case.event_time):
        raise ConfigurationError(
            f"bar {case.bar} of {case.series} is of {case.event_time.isoformat()}; its time cannot be corrected"
        )
    return case.event_time or event_time  # type: ignore[return-value]  # one of them is there


def _last_values(case: Case) -> dict[str, float]:
    made = case.about_it[-1] if case.about_it else None
    if made is not None and made.action == "correct" and made.values is not None:
        return dict(made.values)
    return {name: float(getattr(case.delivered, name)[0]) for name in VALUES}


def _check_given(case: Case, given: Mapping[str, float], base: Mapping[str, float]) -> None:
    unknown = sorted(set(given) - set(VALUES))
    if unknown or not given:
        what = f"'{unknown[0]}'" if unknown else "nothing"
        raise ConfigurationError(f"{what} was given to correct a bar; allowed are {', '.join(VALUES)}")
    if "factor" in given and _has_factor(one_bar(case.series, None, base)):
        raise ConfigurationError(
            f"the factor of bar {case.bar} of {case.series} is {base['factor']:g} and follows its source; "
            "correct the actions it comes from"
        )


def _last(case: Case) -> str:
    made = case.about_it[-1]
    return f"was {case.state} by {made.actor} at {iso(as_time(made.decided).astype('datetime64[s]'))}"


def _said(objections: Sequence[Finding]) -> str:
    return "; ".join(map(_one, objections))


def _one(found: Finding) -> str:
    return f"{found.check}: {found.detail}"
