"""`trimtab backtest`: simulate positions from a file on bars from a file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trimtab.cli.output import print_json

if TYPE_CHECKING:
    from trimtab.backtest.market import Prices, Targets

SEED = 7  # of the resamples behind intervals and p-values: the same files give the same document


class Positions(StrEnum):
    """What a position in the file counts."""

    UNITS = "units"
    WEIGHTS = "weights"


class FillAt(StrEnum):
    """Where an order fills, counted from the bar it was decided on."""

    NEXT_OPEN = "next_open"
    CLOSE = "close"
    NEXT_CLOSE = "next_close"


def backtest(
    *,
    bars: Path = typer.Option(help="Bar file (CSV or Parquet)."),
    signals: Path = typer.Option(help="CSV or Parquet with instrument_id, event_time, position."),
    positions: Positions = typer.Option(Positions.UNITS, help="units to hold, or weights of the equity."),
    cash: float = typer.Option(100_000.0, help="Money at the start."),
    commission_bps: float = typer.Option(0.0, help="Commission per side, in basis points of the traded value."),
    commission_per_share: float = typer.Option(0.0, help="Commission per unit traded, in money."),
    commission_per_trade: float = typer.Option(0.0, help="Commission per fill, in money."),
    slippage_bps: float = typer.Option(0.0, help="Slippage per side, in basis points of the price."),
    max_volume_share: float | None = typer.Option(
        None, help="Largest share of a bar's volume an order takes; the rest waits."
    ),
    impact: float = typer.Option(0.0, help="Coefficient of the square-root law of market impact; 0 is none."),
    borrow_bps_per_year: float = typer.Option(0.0, help="Paid on the value of short positions."),
    fill: FillAt = typer.Option(FillAt.NEXT_OPEN, help="Where an order fills; 'close' is not attainable in life."),
    delay_bars: int = typer.Option(0, min=0, help="Bars that every order waits beyond that."),
    max_leverage: float | None = typer.Option(
        None, help="Refuse positions worth more than so many times the equity; no limit if absent."
    ),
    benchmark: str | None = typer.Option(
        None, help="Instrument of the bar file to hold beside it; it is traded only if it has signals."
    ),
    surface: bool = typer.Option(False, "--surface", help="Again at other costs and delays, and the break-even cost."),
    periods_per_year: float | None = typer.Option(
        None, min=1e-9, max=1e12, help="To annualise; measured from the bars if absent."
    ),
    timeframe: str | None = typer.Option(
        None, help="Length of the bars, such as 1d; absent, the file or the spacing of its times says it."
    ),
    adjusted: bool = typer.Option(False, "--adjusted", help="Use prices adjusted for splits and dividends."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Simulate target positions, decided at the close of bars, and show what they would have earned."""
    from trimtab.backtest.bar_files import read_price_file
    from trimtab.backtest.costs import Costs
    from trimtab.backtest.evidence import gather_evidence
    from trimtab.backtest.files import read_signal_file
    from trimtab.backtest.simulation import Simulation
    from trimtab.cli.backtest_shown import show
    from trimtab.market import Timeframe

    length = Timeframe.parse(timeframe) if timeframe else None
    file, targets = read_price_file(bars, adjusted=adjusted, timeframe=length), read_signal_file(signals)
    prices = file.prices
    market = None if benchmark is None else (benchmark, _benchmark(benchmark, prices, bars))
    simulation = Simulation(
        _traded(prices, targets, benchmark),
        targets,
        positions.value,
        cash=cash,
        costs=Costs(
            commission_bps=commission_bps,
            commission_per_share=commission_per_share,
            commission_per_trade=commission_per_trade,
            slippage_bps=slippage_bps,
            max_volume_share=max_volume_share,
            impact=impact,
            borrow_bps_per_year=borrow_bps_per_year,
        ),
        fill=fill.value,
        delay_bars=delay_bars,
        max_leverage=max_leverage,
        periods_per_year=periods_per_year,
    )
    evidence = gather_evidence(
        simulation,
        seed=SEED,
        market=market,
        with_surface=surface,
        prices="adjusted" if adjusted else "raw",
        notes=(*file.notes, *_empty(signals, targets)),
    )
    if json:
        print_json(evidence.to_json())
    else:
        show(evidence)


def _empty(path: Path, targets: dict[str, Targets]) -> tuple[str, ...]:
    """A note on positions that say nothing; nan is one that could not be computed, and must not pass unseen."""
    import numpy as np

    n_all = sum(len(own.target) for own in targets.values())
    n_empty = sum(int(np.isnan(own.target).sum()) for own in targets.values())
    return (f"{path.name}: {n_empty} of {n_all} positions are empty or nan and change nothing",) if n_empty else ()


def _benchmark(name: str, prices: dict[str, Prices], path: Path) -> Prices:
    from trimtab.errors import UnknownNameError

    if name not in prices:
        raise UnknownNameError(f"instrument of {path}", name, sorted(prices))
    return prices[name]


def _traded(prices: dict[str, Prices], targets: dict[str, Targets], benchmark: str | None) -> dict[str, Prices]:
    """What the account and its buy-and-hold may trade: a benchmark without signals only looks on."""
    traded = {name: own for name, own in prices.items() if name != benchmark or name in targets}
    return traded or prices
