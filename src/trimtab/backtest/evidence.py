"""A simulation and all that a sceptic asks about it: compared, with intervals, dearer and later."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from trimtab.backtest.comparison import AgainstBenchmark, against_benchmark
from trimtab.backtest.engine import BacktestReport
from trimtab.backtest.holding import Holding, hold, returns_of
from trimtab.backtest.market import Prices
from trimtab.backtest.simulation import Simulation
from trimtab.backtest.surface import CostSurface, cost_surface
from trimtab.backtest.undefined import interval_note, undefined_notes
from trimtab.metrics.plain import plain
from trimtab.validation.headline_intervals import MeasureInterval, return_intervals

BENCHMARK = "buy and hold of the instruments"
LOSES_ANYWAY = "it loses even without costs"
WhichPrices = Literal["raw", "adjusted"]
HEADLINES = ("sharpe_ratio", "annual_return", "max_drawdown")


@dataclass(frozen=True)
class BacktestEvidence:
    """What is known of a simulation.

    Attributes
    ----------
    simulation: what was asked.
    report: the answer; with a surface its `break_even_cost_bps` is the one found by search.
    against_benchmark: beside `report.benchmark`, all instruments bought and held.
    market: another instrument held over the same bars, and what it says of the account; None without one.
    against_market: None without a market.
    intervals: of the `HEADLINES`.
    surface: at other costs and delays; None unless asked for.
    prices: whether prices as they were traded, or adjusted for splits and dividends.
    notes: why measures are unknown, and what was found in what was given, in sentences.
    """

    simulation: Simulation
    report: BacktestReport
    against_benchmark: AgainstBenchmark
    market: Holding | None
    against_market: AgainstBenchmark | None
    intervals: tuple[MeasureInterval, ...]
    surface: CostSurface | None
    prices: WhichPrices
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The document of a backtest: that of its report, and what is known beside it."""
        report, asked = self.report, self.simulation
        beside = {
            "prices": self.prices,
            "benchmark_name": BENCHMARK,
            "against_benchmark": self.against_benchmark.to_json(),
            "market": self._market(),
            "intervals": [asdict(interval) for interval in self.intervals],
            "costs": asdict(asked.costs),
            "fill": asked.fill,
            "delay_bars": asked.delay_bars,
            "break_even_cost_bps": report.metrics["break_even_cost_bps"],
            "break_even_reason": self.break_even_reason,
            "forecasts": None if asked.cover is None else asked.cover.to_json(),
            "surface": None if self.surface is None else self.surface.to_json(),
            "notes": self.notes,
        }
        return report.to_json() | plain(beside)

    @property
    def break_even_reason(self) -> str:
        """Why there is no cost per side at which nothing is left; empty where there is one."""
        if np.isfinite(self.report.metrics["break_even_cost_bps"]):
            return ""
        if not self.report.n_fills:
            return "nothing was traded"
        return LOSES_ANYWAY if self.surface is None else self.surface.break_even_reason

    def _market(self) -> dict[str, Any] | None:
        if self.market is None or self.against_market is None:
            return None
        return asdict(self.market) | {"against": self.against_market.to_json()}


def gather_evidence(
    simulation: Simulation,
    *,
    seed: int,
    market: tuple[str, Prices] | None = None,
    with_surface: bool = False,
    prices: WhichPrices | None = None,
    notes: tuple[str, ...] = (),
) -> BacktestEvidence:
    """Run a simulation and ask what is asked of it; `market` is another instrument's name and prices.

    `seed` draws the resamples: the same gives the same document. `prices` says which they are; None looks whether any
    was multiplied with a factor. `notes` of the caller come first.
    """
    report = simulation.run()
    years, cash = report.periods_per_year, simulation.cash
    held = market and hold(
        *market, report.event_time, cash=cash, fill=simulation.fill, periods_per_year=years
    )  # fmt: skip

    def beside(equity: Any) -> AgainstBenchmark:
        return against_benchmark(report.returns, returns_of(equity, cash), periods_per_year=years, seed=seed)

    surface = cost_surface(simulation) if with_surface else None
    return BacktestEvidence(
        simulation=simulation,
        report=_with_break_even(report, surface),
        against_benchmark=beside(report.benchmark),
        market=held or None,
        against_market=beside(held.equity) if held else None,
        intervals=_intervals(report, seed),
        surface=surface,
        prices=prices or _which(simulation),
        notes=(*notes, *report.notes, *undefined_notes(report.returns, report.metrics), *interval_note(report.returns)),
    )


def _which(simulation: Simulation) -> WhichPrices:
    return "adjusted" if any(own.factor is not None for own in simulation.prices.values()) else "raw"


def _intervals(report: BacktestReport, seed: int) -> tuple[MeasureInterval, ...]:
    """Intervals about the very numbers of the report; none about a number that is unknown."""
    found = return_intervals(
        report.returns, periods_per_year=report.periods_per_year, seed=seed, measures=HEADLINES
    )  # fmt: skip
    values = {interval.measure: report.metrics[interval.measure] for interval in found}
    return tuple(
        replace(interval, value=values[interval.measure])
        if np.isfinite(values[interval.measure])
        else replace(interval, value=np.nan, low=np.nan, high=np.nan)
        for interval in found
    )


def _with_break_even(report: BacktestReport, surface: CostSurface | None) -> BacktestReport:
    """The cost of the surface; without one, that of the report, unless it is below nought: nobody is paid to trade."""
    cost = report.metrics["break_even_cost_bps"] if surface is None else surface.break_even_cost_bps
    return replace(report, metrics=report.metrics | {"break_even_cost_bps": cost if cost >= 0.0 else np.nan})
