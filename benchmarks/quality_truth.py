"""What is wrong in the real broken files, by kind, read off the truth beside them."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trimtab.bars.actions.schema import Actions
from trimtab.bars.checks import Finding, judge
from trimtab.bars.files import BarFile, read_bar_file
from trimtab.bars.schema import Bars
from trimtab.market import Series
from trimtab.market.calendar import SessionCalendar

OF_DIVIDENDS = frozenset({"missing_adjustment", "wrong_adjustment", "dividend_unit_error", "duplicate_dividend"})
OF_LEVELS = frozenset({"unadjusted_split", "spike", "unit_error"})
_SAID_OF = {
    "duplicate_timestamps": ("session told twice", frozenset({"duplicate_time"})),
    "nan_rows": ("session without prices", frozenset({"missing_value"})),
    "ohlc_violations": ("high or low inside the bar", frozenset({"inconsistent_ohlc"})),
    "unadjusted_splits": ("split not adjusted for", frozenset({"unadjusted_split"})),
    "missing_sessions": ("session missing", frozenset({"gap"})),
}
_TRUTH_ENDS = np.datetime64("2023-12-29")
_SESSIONS = SessionCalendar("XNYS")


@dataclass(frozen=True)
class Recall:
    """How many of the defects of one kind in one file were found.

    Attributes
    ----------
    file: where they are.
    kind: what was wrong, for a person.
    defects, found: how many there are, and how many a check for such defects names.
    invented: findings of these checks, in the span the truth covers, where the truth has none.
    """

    file: str
    kind: str
    defects: int
    found: int
    invented: int


def recall_of_everything(folder: Path) -> list[Recall]:
    """Recall on every broken file of the folder `dirty`."""
    pairs = sorted((folder / "yfinance_repair").glob("*-fixed.csv"))
    broken = [pair.with_name(pair.name.replace("-fixed", "")) for pair in pairs]
    return [*_of_equities(folder), _of_conflicts(folder), *(r for one in broken for r in _of_pair(one))]


def judged(file: BarFile, series: Series) -> tuple[Finding, ...]:
    """The findings on one series of a file, with what the file tells of dividends and splits."""
    return judge(file.bars[series], actions=file.actions[series]).findings


def _of_equities(folder: Path) -> list[Recall]:
    truth = json.loads((folder / "dirty_equities_daily.defects.json").read_text())["defects"]
    file = read_bar_file(folder / "dirty_equities_daily.parquet")
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for series in file.bars:
        findings = judged(file, series)
        for recorded, (kind, checks) in _SAID_OF.items():
            entries = truth[series.instrument_id][recorded]
            wanted = {entry["date"] if isinstance(entry, dict) else entry for entry in entries}
            named = _dates(findings, checks)
            counts[kind][0] += len(wanted)
            counts[kind][1] += len(wanted & named)
            counts[kind][2] += len(named - wanted)
    return [Recall("dirty_equities_daily", kind, *numbers) for kind, numbers in counts.items()]


def _dates(findings: tuple[Finding, ...], checks: frozenset[str]) -> set[str]:
    """The dates findings are about; a gap is about every session it spans."""
    named = set()
    for finding in findings:
        if finding.check in checks and finding.event_time <= _TRUTH_ENDS:
            first = finding.event_time
            span = finding.detail.partition(": ")[2].split(" to ") if finding.check == "gap" else []
            last = np.datetime64(span[-1][:10], "us") if span else first
            named |= {str(day)[:10] for day in _SESSIONS.sessions(first, last)} if span else {str(first)[:10]}
    return named


def _of_conflicts(folder: Path) -> Recall:
    """Times of the crypto file that two rows with other closes share."""
    file = read_bar_file(folder / "dirty_crypto_5m_bittrex.parquet")
    ((series, bars),) = file.bars.items()
    order = np.argsort(bars.event_time, kind="stable")
    time, close = bars.event_time[order], bars.close[order]
    again = (time[1:] == time[:-1]) & (close[1:] != close[:-1])
    wanted = set(time[1:][again])
    named = {f.event_time for f in judged(file, series) if f.check == "conflicting_duplicate"}
    # Rows may agree on the close and contradict each other in the open or by a wide range.
    invented = {t for t in named - wanted if len(_opens(bars, t)) == 1 and not _is_wide(bars, t)}
    return Recall(
        "dirty_crypto_5m_bittrex", "rows of one time disagree", len(wanted), len(wanted & named), len(invented)
    )


def _opens(bars: Bars, time: np.datetime64) -> set[float]:
    return set(bars.open[bars.event_time == time].tolist())


def _is_wide(bars: Bars, time: np.datetime64) -> bool:
    rows = bars.event_time == time
    return bool(
        np.ptp(bars.high[rows]) > 0.01 * bars.high[rows][0] or np.ptp(bars.low[rows]) > 0.01 * bars.low[rows][0]
    )


def _of_pair(broken: Path) -> list[Recall]:
    """What the repaired file tells otherwise, by kind: prices, told dividends, steps of the factor."""
    file, repaired = read_bar_file(broken), read_bar_file(broken.with_name(f"{broken.stem}-fixed.csv"))
    ((series, bars),), ((twin, right),) = file.bars.items(), repaired.bars.items()
    defects = _wrong_prices(bars, right) | _wrong_dividends(
        _by_date(file.actions[series]), _by_date(repaired.actions[twin]), _steps(bars), _steps(right)
    )
    findings = judged(file, series)
    named = {
        checks: {str(f.event_time)[:10] for f in findings if f.check in checks} for checks in (OF_DIVIDENDS, OF_LEVELS)
    }
    # What is named in the repaired file as well is a defect the repair left alone.
    left = {str(f.event_time)[:10] for f in judged(repaired, twin) if f.check in OF_DIVIDENDS | OF_LEVELS}
    kinds: dict[str, set[str]] = defaultdict(set)
    for date, kind in defects.items():
        kinds[kind].add(date)
    rows = []
    for kind, dates in kinds.items():
        checks = OF_LEVELS if kind in (_SPLIT_PRICE, _HUNDRED_PRICE) else OF_DIVIDENDS
        invented = named[checks] - defects.keys() - left
        # Of a dividend told twice both days are named: nobody can say which one was paid.
        twice = {str(f.event_time)[:10] for f in findings if f.check == "duplicate_dividend"}
        rows.append(Recall(broken.stem, kind, len(dates), len(dates & named[checks]), len(invented - twice)))
    return rows


_SPLIT_PRICE, _HUNDRED_PRICE = "prices at another split level", "prices 100 times off"


def _wrong_prices(bars: Bars, right: Bars) -> dict[str, str]:
    theirs = {str(t)[:10]: c for t, c in zip(right.event_time, right.close, strict=True)}
    wrong = {}
    for time, close in zip(bars.event_time, bars.close, strict=True):
        ratio = close / theirs.get(str(time)[:10], np.nan)
        if np.isfinite(ratio) and abs(np.log(ratio)) > 0.01:
            near_hundred = abs(abs(np.log(ratio)) - np.log(100)) < 0.1
            wrong[str(time)[:10]] = _HUNDRED_PRICE if near_hundred else _SPLIT_PRICE
    return wrong


def _by_date(actions: Actions) -> dict[str, float]:
    """Dividends told, by date."""
    return {
        str(time)[:10]: float(value)
        for time, kind, value in zip(actions.ex_time, actions.kind, actions.value, strict=True)
        if kind == "dividend"
    }


def _steps(bars: Bars) -> dict[str, float]:
    """Log steps of the factor, by date; bars without a price left out."""
    priced = bars.take(np.argsort(bars.event_time, kind="stable"))
    priced = priced.take(np.isfinite(priced.close))
    step = np.diff(np.log(priced.factor))
    return {str(time)[:10]: float(by) for time, by in zip(priced.event_time[1:], step, strict=True)}


def _wrong_dividends(
    told: dict[str, float], true: dict[str, float], steps: dict[str, float], true_steps: dict[str, float]
) -> dict[str, str]:
    wrong = {}
    for date, value in told.items():
        paid = true.get(date, 0.0)
        if paid == 0.0:
            wrong[date] = "dividend told that was never paid"
        elif abs(value / paid - 1) > 0.01:
            wrong[date] = "dividend told 100 times too large" if value > paid else "dividend told at 1/100"
        elif abs(steps[date] - true_steps[date]) > 1e-4:
            wrong[date] = _wrong_step(steps[date] / true_steps[date])
    return wrong


def _wrong_step(ratio: float) -> str:
    if ratio < 0.001:
        return "dividend not in the factor"
    if ratio < 0.1:
        return "dividend in the factor at 1/100"
    return "capital gain counted twice in the factor"
