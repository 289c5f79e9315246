"""Reading the prices of a backtest from a bar file: which they are, and what cannot be traded is told with its place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trimtab.backtest.market import Prices, prices_of
from trimtab.bars import Bars
from trimtab.bars.files import BarFile, read_bar_file
from trimtab.bars.spacing import StepCount
from trimtab.errors import SchemaError
from trimtab.market import Timeframe

JUMP = 1.6  # between a close and the next open, either way; splits of 2:1 and 1:2 lie beyond, news hardly ever


@dataclass(frozen=True)
class PriceFile:
    """Prices by instrument id, in order of time, and sentences on what was found in them."""

    prices: dict[str, Prices]
    notes: tuple[str, ...]


def read_price_file(path: Path, *, adjusted: bool, timeframe: Timeframe | None = None) -> PriceFile:
    """Prices of all instruments of a bar file; rows need not be in order.

    Raises `SchemaError` for adjusted prices of a file that has none, a bar that occurs twice or has no time, a price
    that is not positive, an instrument at several timeframes, and bars that would overlap at `timeframe`.
    """
    file = read_bar_file(path, timeframe)
    if adjusted:
        _refuse_no_adjustment(file)
    series = {key: _in_order(bars, path) for key, bars in file.bars.items()}
    prices = {key.instrument_id: prices_of(bars, adjusted=adjusted) for key, bars in series.items()}
    if len(prices) != len(series):
        raise SchemaError(f"{path} holds an instrument at several timeframes; keep one timeframe per backtest")
    notes = [] if timeframe is None else [note for bars in series.values() if (note := _spacing(bars, path))]
    if not adjusted:
        notes += [note for name, own in prices.items() if (note := _jump(name, own))]
    return PriceFile(prices, tuple(notes))


def _refuse_no_adjustment(file: BarFile) -> None:
    is_told = not file.columns.get("factor", "").startswith("1 (")
    if not is_told and all((bars.factor == 1.0).all() for bars in file.bars.values()):
        raise SchemaError(
            f"{file.path} has no adjusted prices; leave --adjusted away, or add a column 'Adj Close' or 'factor'"
        )


def _in_order(bars: Bars, path: Path) -> Bars:
    name, own = bars.series.instrument_id, bars.take(np.argsort(bars.event_time, kind="stable"))
    times = own.event_time
    if np.isnat(times).any():
        raise SchemaError(f"{path}: {name}: {int(np.isnat(times).sum())} bars have no time; fill or drop them")
    twice = np.flatnonzero(times[1:] == times[:-1])
    if len(twice):
        raise SchemaError(f"{path}: {name}: there are several bars at {_text(times[twice[0]])}; keep one")
    for column in ("open", "close"):
        wrong = np.flatnonzero((getattr(own, column) <= 0.0) | np.isinf(getattr(own, column)))
        if len(wrong):
            value = getattr(own, column)[wrong[0]]
            raise SchemaError(
                f"{path}: {name}: the {column} at {_text(times[wrong[0]])} is {value:g}; "
                "a price is a positive number, or empty where it is missing"
            )
    return own


def _spacing(bars: Bars, path: Path) -> str:
    """Says that bars lie further apart than they are long; `SchemaError` where they would overlap."""
    steps = StepCount()
    steps.see(bars.event_time, np.zeros(len(bars), np.int64))
    found, said = steps.timeframe(), bars.series.timeframe
    if found is None or found is said:
        return ""
    name = bars.series.instrument_id
    if found.duration < said.duration:
        raise SchemaError(
            f"{path}: bars of {said.value} would overlap: those of {name} are {found.value} apart; "
            f"give --timeframe {found.value} or leave it away"
        )
    return f"{path.name}: bars of {name} are {found.value} apart, not {said.value} as --timeframe says"


def _jump(name: str, own: Prices) -> str:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = own.open[1:] / own.close[:-1]
    jumps = np.flatnonzero((ratio > JUMP) | (ratio < 1.0 / JUMP))
    if not len(jumps):
        return ""
    first = jumps[0]
    more = "" if len(jumps) == 1 else f" (and {len(jumps) - 1} more such)"
    return (
        f"{name}: the open at {_text(own.event_time[first + 1])} is {ratio[first] - 1.0:+.0%} from the close before"
        f"{more}; if that is a split, use adjusted prices"
    )


def _text(time: np.datetime64) -> str:
    return f"{np.datetime_as_string(time, unit='s')}Z"
