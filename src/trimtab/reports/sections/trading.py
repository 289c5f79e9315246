"""Traded after costs: equity beside the benchmarks, drawdown, the account, and the cost and delay surface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trimtab.reports.blocks import card, cards, folded, label_of, not_measured, notes, pairs, section, table
from trimtab.reports.charts.grids import heat_map
from trimtab.reports.charts.lines import Axis, Line, equally_marked, line_chart
from trimtab.reports.evidence import ModelEvidence, at, rows
from trimtab.reports.markup import Markup, tag
from trimtab.reports.sections.against import excess, own_cost, sharpe_at_own_cost
from trimtab.reports.wording import count, counted, day, is_known, number, percent, probability, spelled

MEASURES = {
    "total_return": percent, "annual_return": percent, "annual_volatility": percent, "sharpe_ratio": number,
    "sortino_ratio": number, "max_drawdown": percent, "value_at_risk": percent, "expected_shortfall": percent,
}  # fmt: skip
ACCOUNT = {
    "n_trades": count, "exposure": percent, "turnover": number, "total_costs": count, "trade_win_rate": percent,
    "break_even_cost_bps": number,
}  # fmt: skip


SHARES = frozenset({"alpha", "tracking_error"})


def trading(evidence: ModelEvidence) -> Markup:
    """The equity curve and what it is made of."""
    traded = evidence.document("backtest")
    title = "Traded, after costs"
    if not rows(traded, "equity"):
        return section("trading", title, not_measured("The backtest", evidence.why("backtest")))
    return section(
        "trading",
        title,
        cards(_curves(traded), _measures(traded), _account(traded), _beside(traded), _frictions(traded)),
        lede=_lede(traded),
    )


def _lede(traded: Mapping[str, Any]) -> str:
    own, held = at(traded, "metrics", "total_return"), at(traded, "benchmark", "total_return")
    span = f"From {day(rows(traded, 'equity')[0].get('event_time'))} to {day(rows(traded, 'equity')[-1].get('event_time'))}"
    beside = f", while buy and hold returned {percent(held)}" if is_known(held) else ""
    return f"{span} it returned {percent(own)} after costs{beside}."


def _curves(traded: Mapping[str, Any]) -> Markup:
    times = [day(row.get("event_time")) for row in rows(traded, "equity")]
    own = gains([row.get("value") for row in rows(traded, "equity")], at(traded, "metrics", "total_return"))
    if not np.isfinite(own).any():
        return card("Equity", not_measured("The equity curve", "no value of it is known"), wide=True)
    held = gains(traded.get("benchmark_equity") or [], at(traded, "benchmark", "total_return"))
    market = gains(at(traded, "market", "equity") or [], at(traded, "market", "metrics", "total_return"))
    lines = [Line("this model", own, 1, _ending(own))]
    if len(held) == len(own):
        lines.append(Line(str(traded.get("benchmark_name") or "buy and hold"), held, 2, _ending(held)))
    if len(market) == len(own):
        lines.append(Line(str(at(traded, "market", "name") or "the market"), market, 3, _ending(market)))
    marks = equally_marked(times)
    alt = "; ".join(f"{line.name} ends at {line.ending}" for line in lines)
    fallen = [Line(line.name, drawdown(line.numbers), line.style, fills=line.style == 1) for line in lines[:2]]
    losses = [Line(f.name, f.values, f.style, percent(_deepest(f.numbers)), f.fills) for f in fallen]
    return card(
        "Equity, as gain since the start",
        line_chart("Equity", lines, Axis(marks, reference=0.0), alt=alt),
        tag("h3", "Loss from the highest point so far, with the deepest"),
        line_chart("Drawdown", losses, Axis(marks, reference=0.0), height="short", alt="Drawdown"),
        wide=True,
    )


def gains(values: Sequence[Any], total_return: Any) -> np.ndarray:
    """Equity as gain since the start; the last value and the total return say what it started with.

    >>> gains([90.0, 120.0], 0.2).round(3).tolist()
    [-0.1, 0.2]
    """
    equity = np.array(values, dtype=float)  # unknown is NaN
    known = equity[np.isfinite(equity)]
    if not len(known):
        return equity[:0]
    has_start = is_known(total_return) and total_return > -1 and np.isfinite(equity[-1])
    return equity / (equity[-1] / (1 + total_return) if has_start else known[0]) - 1


def drawdown(gained: np.ndarray) -> np.ndarray:
    """For every place the loss from the highest point so far, as a share of it; the start counts as a point.

    >>> drawdown(np.array([0.5, 0.2, np.nan])).round(3).tolist()
    [0.0, -0.2, nan]
    """
    highest = np.fmax.accumulate(np.append(1.0, 1 + gained))[1:]
    return (1 + gained) / highest - 1


def _measures(traded: Mapping[str, Any]) -> Markup:
    market = at(traded, "market", "metrics")
    held_name = "Buy and hold"
    columns: dict[str, Any] = {"measure": "Measure", "own": "This model", "held": held_name}
    if market:
        columns["market"] = str(at(traded, "market", "name"))
    lines = []
    for name, write in MEASURES.items():
        row = {
            "measure": label_of(name),
            "own": write(at(traded, "metrics", name)),
            "held": write(at(traded, "benchmark", name)),
        }
        lines.append(row | ({"market": write(at(traded, "market", "metrics", name))} if market else {}))
    return card("Return and risk", table(lines, columns, "Return and risk"), _intervals(traded))


def _intervals(traded: Mapping[str, Any]) -> Markup:
    said = []
    for row in rows(traded, "intervals"):
        write = MEASURES.get(str(row.get("measure")), number)
        between = f"{write(row.get('low'))} to {write(row.get('high'))}"
        said.append(f"{label_of(row.get('measure'))}: {percent(row.get('confidence'), 0)} interval {between}")
    return notes(said)


def _account(traded: Mapping[str, Any]) -> Markup:
    return card(
        "The account", pairs((label_of(name), write(at(traded, "metrics", name))) for name, write in ACCOUNT.items())
    )


def _beside(traded: Mapping[str, Any]) -> Markup:
    found, title = traded.get("against_benchmark") or {}, "Beside its benchmark"
    if not found:
        return card(title, not_measured("The comparison", "the backtest holds none"))
    low, high = (excess(found, end) for end in ("_low", "_high"))
    first = [
        ("Mean excess return a year (same stake)", percent(excess(found))),
        ("Its 95 % interval", f"{percent(low)} to {percent(high)}"),
        ("p-value, if it earned no more", probability(found.get("p_value"))),
    ]
    rest = {name: value for name, value in found.items() if not name.startswith("excess_return") and name != "p_value"}
    named = pairs((label_of(name), _against(name, value)) for name, value in rest.items())
    return card(title, pairs(first), folded("Alpha, beta and captures", named if rest else ""))


def _frictions(traded: Mapping[str, Any]) -> Markup:
    costs = [(label_of(name), spelled(value)) for name, value in (traded.get("costs") or {}).items() if value]
    if not (costs or traded.get("fill")):
        return Markup("")
    fills = [
        ("Orders fill at", spelled(traded.get("fill"))),
        ("Later by", counted(traded.get("delay_bars") or 0, "bar")),
    ]
    missed = traded.get("n_unfilled")
    said = [f"{counted(missed, 'order')} could not be filled{_unfilled(traded)}" if missed else ""]
    return card("What trading costs here", pairs(costs + fills), notes(said))


def _against(name: str, value: Any) -> str:
    if name == "p_value":
        return probability(value)
    if name in ("block_length", "n_bars"):
        return count(value)
    return percent(value) if name in SHARES or name.startswith("excess_return") else number(value)


def _unfilled(traded: Mapping[str, Any]) -> str:
    reasons = sorted({str(row.get("reason")) for row in rows(traded, "unfilled")})
    return f": {', '.join(reasons)}" if reasons else ""


def surface(evidence: ModelEvidence) -> Markup:
    """What is left when trading costs more or is late."""
    traded, title = evidence.document("backtest"), "If trading cost more, or came later"
    found = traded.get("surface") or {}
    if not found.get("sharpe_ratio"):
        why = "the backtest holds no surface" if traded else evidence.why("backtest")
        return section("surface", title, not_measured("The cost and delay surface", why))
    costs = [f"{spelled(c)} bps" for c in found.get("cost_bps") or []]
    delays = [f"{counted(d, 'bar')} late" if d else "at once" for d in found.get("delay_bars") or []]
    shown = [
        card(name, heat_map(found[key], costs, delays, corner="Cost per side", write=write, caption=f"{name} by cost and delay"))
        for key, name, write in (("sharpe_ratio", "Sharpe ratio", number), ("total_return", "Total return", percent))
        if found.get(key)
    ]  # fmt: skip
    even = traded.get("break_even_cost_bps", at(traded, "metrics", "break_even_cost_bps"))
    paid = own_cost(traded)
    beside = f", and pays {number(float(paid), 1)}" if is_known(paid) else ""
    lede = f"It breaks even at a cost of {number(even, 1)} basis points per side{beside}." if is_known(even) else ""
    return section("surface", title, cards(*shown), lede=f"{lede} {_earlier(traded)}".strip())


def _earlier(traded: Mapping[str, Any]) -> str:
    """Said where waiting for a bar does better than acting at once: a reader would ask."""
    known = dict(sharpe_at_own_cost(traded))
    once, late = known.get(0), known.get(1)
    if once is None or late is None or late <= once:
        return ""
    return (
        f"One bar late the Sharpe ratio is {number(late)}, at once {number(once)}: acting sooner brought nothing here."
    )


def _ending(values: np.ndarray) -> str:
    return percent(float(values[-1])) if len(values) else ""


def _deepest(values: np.ndarray) -> float | None:
    return float(np.nanmin(values)) if np.isfinite(values).any() else None
