"""What speaks against it: the answers to a sceptic's first questions that are not in its favour.

Every line repeats a number that stands further down; a question whose answer is good, or unknown, gives no line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimtab.reports.evidence import ModelEvidence, at, rows
from trimtab.reports.markup import Markup, tag
from trimtab.reports.simple_rules import best_rule, condition_name
from trimtab.reports.wording import is_known, number, percent, probability, words

MOST = 5  # lines; more are not read
CLEAR = 0.05  # a p-value above it shows nothing
CLOSE = 0.01  # a lead in accuracy below it is none to speak of
FEWEST_TRIALS = 5  # with fewer, below the middle is another word for not the best


def against(evidence: ModelEvidence) -> Markup:
    """The lines as a box; nothing where there are none."""
    lines = doubts(evidence)
    if not lines:
        return Markup("")
    return tag(
        "div", tag("h2", "What speaks against it"), tag("ul", *[tag("li", line) for line in lines]), class_="doubts"
    )


def doubts(evidence: ModelEvidence) -> list[str]:
    """At most five sentences, those about money first."""
    traded, honest, robust = (evidence.document(name) for name in ("backtest", "honesty", "robustness"))
    asked = (
        _market(traded), _variants(honest), _overfitting(honest), _late(traded), _costs(traded), *_regimes(robust),
    )  # fmt: skip
    return [line for line in asked if line][:MOST]


def _market(traded: Mapping[str, Any]) -> str:
    found = traded.get("against_benchmark") or {}
    if not is_known(found.get("p_value")) or found["p_value"] <= CLEAR:
        return ""
    name = str(traded.get("benchmark_name") or "buy and hold")
    low, high = (excess(found, end) for end in ("_low", "_high"))
    between = f", mean excess return a year {percent(low)} to {percent(high)}" if is_known(low) else ""
    return f"It is not shown to earn more than {name} (p {probability(found['p_value'])}{between})."


def excess(found: Mapping[str, Any], end: str = "") -> Any:
    """The mean excess return, by its newer name or its older."""
    return found.get(f"excess_return_sum{end}")


def _variants(honest: Mapping[str, Any]) -> str:
    found = honest.get("superior_ability") or {}
    if not is_known(found.get("spa_p_value")) or found["spa_p_value"] <= CLEAR:
        return ""
    held = words(found.get("benchmark") or "its benchmark")
    tried = f"None of the {number(found['n_models'])} variants" if is_known(found.get("n_models")) else "No variant"
    return (
        f"{tried} that were tried beat {held} by more than luck explains (SPA, p {probability(found['spa_p_value'])})."
    )


def _overfitting(honest: Mapping[str, Any]) -> str:
    found = honest.get("backtest_overfitting") or {}
    n_trials = found.get("n_trials")
    worst = max((v for v in (found.get("pbo"), found.get("high")) if is_known(v)), default=0.0)
    if not is_known(found.get("pbo")) or worst < 0.5 or (is_known(n_trials) and n_trials < FEWEST_TRIALS):
        return ""
    between = (
        f"; interval {percent(found['low'], 0)} to {percent(found.get('high'), 0)}"
        if is_known(found.get("low"))
        else ""
    )
    return (
        f"In {percent(found['pbo'], 0)} of the cuts of time the variant that was best on one half fell below the middle on "
        f"the other (probability of overfitting{between})."
    )


def own_cost(traded: Mapping[str, Any]) -> float | None:
    """What one side of a trade costs here in basis points, without impact; None where it is not known."""
    costs = traded.get("costs") or {}
    known = [costs.get(name) for name in ("commission_bps", "slippage_bps")]
    return sum(v for v in known if is_known(v)) if any(is_known(v) for v in known) else None


def sharpe_at_own_cost(traded: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Delay in bars and Sharpe ratio, at the costs it pays; empty where the surface has no row of them."""
    found, cost = traded.get("surface") or {}, own_cost(traded)
    lines = dict(zip(found.get("cost_bps") or [], found.get("sharpe_ratio") or [], strict=False))
    shown = zip(found.get("delay_bars") or [], lines.get(cost) or [], strict=False)
    return [(delay, value) for delay, value in shown if is_known(delay) if is_known(value)]


def _late(traded: Mapping[str, Any]) -> str:
    known = dict(sharpe_at_own_cost(traded))
    once, late = known.get(0), known.get(1)
    if once is None or late is None or once <= 0 or late > once / 2:
        return ""
    return f"One bar later its Sharpe ratio is {number(late)} instead of {number(once)}, at the same costs."


def _costs(traded: Mapping[str, Any]) -> str:
    even, cost = traded.get("break_even_cost_bps", at(traded, "metrics", "break_even_cost_bps")), own_cost(traded)
    if not is_known(even) or not is_known(cost) or not cost > 0 or even >= 2 * cost:
        return ""
    return f"It breaks even at {number(float(even), 1)} basis points per side, and pays {number(float(cost), 1)}."


def _regimes(robust: Mapping[str, Any]) -> list[str]:
    """The kinds of market where a simple rule is as good, the worst lead first."""
    found = []
    for row in rows(robust, "regimes"):
        share, rule = best_rule(row)
        own = row.get("accuracy")
        if is_known(own) and share is not None and row.get("is_judged") is not False and own - share < CLOSE:
            said = f"Under {condition_name(row)} it is right {percent(own)} of the time; {rule}, {percent(share)}."
            found.append((own - share, said))
    return [said for _, said in sorted(found)]
