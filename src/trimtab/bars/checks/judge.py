"""All checks together: from raw bars to a verdict per bar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trimtab.bars.actions.schema import Actions
from trimtab.bars.checks.actions import price_rows
from trimtab.bars.checks.activity import check_activity
from trimtab.bars.checks.adjustments import check_adjustments, check_factor, check_repeated_steps
from trimtab.bars.checks.gaps import check_gaps
from trimtab.bars.checks.jumps import check_jumps
from trimtab.bars.checks.order import check_duplicates, check_out_of_order
from trimtab.bars.checks.sessions import check_outside, check_overlaps
from trimtab.bars.checks.single_bar import check_single_bars, is_complete
from trimtab.bars.checks.units import check_units
from trimtab.bars.checks.verdict import Finding, Verdict
from trimtab.bars.checks.wicks import check_wicks
from trimtab.bars.schema import Bars, concatenate
from trimtab.config.quality import CheckLimits
from trimtab.market.calendar import SessionCalendar, calendar_for

DEFAULT_LIMITS = CheckLimits()


def judge(
    bars: Bars,
    *,
    calendar: SessionCalendar | None = None,
    limits: CheckLimits = DEFAULT_LIMITS,
    context: Bars | None = None,
    actions: Actions | None = None,
) -> Verdict:
    """Judge raw bars of one series, in any order.

    Checks on single bars come first, then duplicates among what is left, then the level of what is
    left after that: a bar already refused never makes a neighbour look wrong.

    Parameters
    ----------
    calendar: when the market is open, where a person or the source named it: then a bar outside its
        sessions is said. Absent, the bars themselves say which (`calendar_for`).
    limits: where a check begins to object.
    context: bars already stored, in order. Those just before the new ones say what is usual and
        where a gap begins; one with the time of a conflicting set says which row is true.
    actions: splits and dividends told beside bars whose `factor` is the vendor's, which must agree
        with them; held against the bars given, without the context. For prices as traded use
        `judge_actions`, and put the factor of the accepted splits into the bars.

    >>> import numpy as np
    >>> from trimtab.market import Series, Timeframe
    >>> times = np.array(["2020-01-02", "2020-01-03"], dtype="datetime64[us]")
    >>> price = np.array([10.0, -10.0])
    >>> verdict = judge(Bars.build(Series("A", Timeframe.DAY), times, price, price, price, price, price))
    >>> verdict.accepted.tolist(), [finding.check for finding in verdict.findings]
    ([True, False], ['negative_volume', 'non_positive_price'])
    """
    findings = [*check_single_bars(bars, limits), *check_out_of_order(bars)]
    usable = is_complete(bars) & _not_refused(len(bars), findings)
    findings += check_duplicates(bars, usable, context, limits)
    usable &= _not_refused(len(bars), findings)
    follows = calendar or _follows(bars, context)
    findings += check_overlaps(bars, usable, context, follows)
    findings += check_outside(bars, usable, calendar) if calendar else []

    sequence, rows = _in_order(bars, np.flatnonzero(usable), context, limits)
    units = check_units(sequence, limits)
    in_units = _not_refused(len(sequence), units)
    findings += _at_rows(units, rows)
    sequence, rows = sequence.take(in_units), rows[in_units]
    of_levels = [*check_jumps(sequence, limits, actions), *check_factor(sequence, limits, actions)]
    findings += _at_rows([*of_levels, *check_wicks(sequence, limits), *check_activity(sequence, limits)], rows)
    if actions is None:
        findings += _at_rows(check_repeated_steps(sequence, limits), rows)
    else:
        # A bar refused for its high is still a witness of the price a dividend was paid from.
        priced = price_rows(bars)
        findings += _at_rows(check_adjustments(bars.take(priced), actions, limits), priced)
    findings += _gaps(bars, context, follows)
    return Verdict(_not_refused(len(bars), findings), tuple(sorted(findings, key=_position)))


def _not_refused(n: int, findings: list[Finding]) -> np.ndarray:
    kept = np.ones(n, bool)
    kept[[finding.index for finding in findings if finding.severity == "quarantine" and finding.index >= 0]] = False
    return kept


def _in_order(bars: Bars, rows: np.ndarray, context: Bars | None, limits: CheckLimits) -> tuple[Bars, np.ndarray]:
    """The bars of `rows` by time, after the context before them; and the row of each (-1: context)."""
    rows = rows[np.argsort(bars.event_time[rows], kind="stable")]
    chosen = bars.take(rows)
    before = _just_before(chosen, context, 2 * limits.window)
    if before is None:
        return chosen, rows
    return concatenate([before, chosen]), np.r_[np.full(len(before), -1), rows]


def _just_before(chosen: Bars, context: Bars | None, n: int) -> Bars | None:
    if context is None or len(context) == 0 or len(chosen) == 0:
        return None
    end = int(np.searchsorted(context.event_time, chosen.event_time[0]))
    return context.take(slice(max(end - n, 0), end)) if end else None


def _at_rows(findings: list[Finding], rows: np.ndarray) -> list[Finding]:
    """Findings about a sequence, as findings about the bars given; those about context are old news."""
    return [replace(found, index=int(rows[found.index])) for found in findings if rows[found.index] >= 0]


def _follows(bars: Bars, context: Bars | None) -> SessionCalendar:
    """The calendar the bars themselves speak of, with those stored before them."""
    times, known = _present(bars, context)
    return calendar_for(bars.series, np.concatenate([known, times]))


def _gaps(bars: Bars, context: Bars | None, calendar: SessionCalendar) -> list[Finding]:
    times, known = _present(bars, context)
    return check_gaps(bars.series, np.concatenate([known[-1:], times]), calendar)


def _present(bars: Bars, context: Bars | None) -> tuple[np.ndarray, np.ndarray]:
    """Times at which there is a bar, and those stored before the first of them."""
    # A bar that is refused is still no gap, unless it holds nothing at all.
    times = np.unique(bars.event_time[is_complete(bars)])
    known = context.event_time if context is not None else times[:0]
    return times, known[: np.searchsorted(known, times[0])] if len(times) and len(known) else known


def _position(finding: Finding) -> tuple[bool, int, str]:
    time = finding.event_time
    return bool(np.isnat(time)), 0 if np.isnat(time) else int(time.astype(np.int64)), finding.check
