"""Forecasts that must not be traded on paper, and the document that says so in place of a backtest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trimtab.config.strategy import Strategy


def why_withheld(strategy: Strategy) -> str:
    """Why no account of this strategy's forecasts would be true, in one sentence; empty where one would."""
    return why_untraded(strategy.label.model_dump(mode="json"))


def why_untraded(label: Mapping[str, Any]) -> str:
    """The same from a section `[label]`, such as that in the recipe of a stored dataset.

    With a neutral band the bars after which little happened are no samples, so an account of the samples knows when
    not to trade. Whoever trades the forecasts live is asked at every bar.

    >>> why_untraded({"kind": "volatility_regime"})
    ''
    """
    band = float(label.get("neutral_band") or 0.0)
    if label["kind"] != "direction" or not band > 0.0:
        return ""
    return (
        f"not traded: with neutral_band = {band:g} only bars whose future move is larger have a "
        "forecast, so an account would know the future; set neutral_band = 0 in [label] to have it traded"
    )


def withheld_document(reason: str, measures: Iterable[str], periods_per_year: float) -> dict[str, Any]:
    """A backtest's document without an account: the keys that others read, and nothing known.

    >>> found = withheld_document("not traded", ["sharpe_ratio"], 252.0)
    >>> found["withheld"], found["metrics"], found["equity"]
    ('not traded', {'sharpe_ratio': None}, [])
    """
    unknown: dict[str, Any] = dict.fromkeys(measures)
    nothing = dict.fromkeys(
        ("costs_paid", "market", "against_benchmark", "break_even_cost_bps", "surface", "forecasts")
    )
    lists: dict[str, Any] = {name: [] for name in ("equity", "benchmark_equity", "trades", "unfilled", "intervals")}
    return {
        "withheld": reason,
        "metrics": unknown,
        "benchmark": dict(unknown),
        "periods_per_year": periods_per_year,
        "n_fills": 0,
        "n_unfilled": 0,
        "break_even_reason": reason,
        **lists,
        **nothing,
    }
