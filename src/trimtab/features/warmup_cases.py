"""The bars on which warm-ups are searched: real ones, and simulated ones of every temper.

A memory shows only where the market makes it show, so the simulated series are of the kinds that
stretch one: calm and wild, standing still, without volume, on a coarse grid of prices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from trimtab.bars import Bars
from trimtab.bars.actions.schema import Actions
from trimtab.bars.schema import PRICES
from trimtab.bars.simulation.planted import PlantedTruth
from trimtab.bars.simulation.prices import simulate, simulated_event_times
from trimtab.bars.sources.sample import PackagedSample
from trimtab.facts import Figures, Texts
from trimtab.facts.concepts import FLOWS, LEVELS, OPTIONS
from trimtab.features.surroundings import Surroundings
from trimtab.market import Series, Timeframe

N_BARS = 6_000  # of a simulated series: more than twice the longest memory, an EMA of 200
SEED = 20
DAY = np.timedelta64(86_400_000_000, "us")
_START = datetime(1995, 1, 2, tzinfo=UTC)
_CALM = 0.002

REAL = ("AAPL", "IBM", "MSFT", "NASDAQ", "SPX")


def cases() -> tuple[str, ...]:
    """The names of the searched series, real ones first."""
    return (*REAL, *_SIMULATED)


def bars_of(case: str, n: int = N_BARS) -> Bars:
    """The daily bars of a searched series; `n` says how many of a simulated one."""
    if case in REAL:
        return PackagedSample().fetch(Series(case, Timeframe.DAY))
    return _SIMULATED[case](n)


def surroundings_of(bars: Bars, seed: int = SEED) -> Surroundings:
    """Facts and peers made up around some bars: quarterly accounts, options, texts of two channels, a split, peers."""
    first, last = bars.event_time[0], bars.event_time[-1]
    rng = np.random.default_rng(seed)
    middle = first + (last - first) // 2
    return Surroundings(
        figures=_figures(rng, first, last),
        texts=_texts(rng, first, last),
        actions=Actions.build(bars.series.instrument_id, np.array([middle]), np.array(["split"]), np.array([2.0])),
        peers={f"PEER{k}": _peer(rng, bars, k) for k in range(4)},
    )


def _simulated(n: int, **truth: Any) -> Bars:
    """Simulated weekdays; the defaults of `PlantedTruth` are a walk of 1.2 % a day."""
    series = Series("SEARCHED", Timeframe.DAY)
    times = simulated_event_times(Timeframe.DAY, _START, datetime(2024, 1, 1, tzinfo=UTC))[:n]
    return simulate(PlantedTruth("SEARCHED", "Searched for memories.", **truth), series, times, SEED)


def _with_jumps(n: int) -> Bars:
    return _simulated(n, jumps_per_day=0.02, jump_size=0.12)


def _without_volume(n: int) -> Bars:
    bars, rng = _simulated(n), np.random.default_rng(SEED)
    volume = np.where(rng.random(n) < 0.3, 0.0, bars.volume)
    volume[n // 2 : n // 2 + 300] = 0.0
    return replace(bars, volume=volume)


def _standing_still(n: int) -> Bars:
    """Stretches of up to 500 bars that repeat the close before them."""
    bars = _simulated(n)
    held = np.arange(n)
    for start, length in ((n // 10, 40), (n // 4, 500), (n // 2, 150), (3 * n // 4, 300)):
        held[start : start + length] = start - 1
    still = held != np.arange(n)
    prices: dict[str, Any] = {name: np.where(still, bars.close[held], getattr(bars, name)) for name in PRICES}
    return replace(bars, **prices, volume=np.where(still, 0.0, bars.volume))


def _on_ticks(n: int) -> Bars:
    """A calm walk around a price of 100 ticks: closes repeat, bodies vanish, extremes tie."""
    bars = _simulated(n, volatility=_CALM)
    prices: dict[str, Any] = {name: np.maximum(np.round(getattr(bars, name)), 1.0) for name in PRICES}
    return replace(bars, **prices, volume=np.ceil(bars.volume / 1e5))


_SIMULATED: dict[str, Callable[[int], Bars]] = {
    "calm walk": lambda n: _simulated(n, volatility=_CALM),
    "jumps": _with_jumps,
    "clustered volatility": lambda n: _simulated(n, garch_alpha=0.09, garch_beta=0.9),
    "switching regimes": lambda n: _simulated(n, turbulence=5.0, stay=0.99),
    "missing volume": _without_volume,
    "standing still": _standing_still,
    "ticks": _on_ticks,
}


def _figures(rng: np.random.Generator, first: np.datetime64, last: np.datetime64) -> Figures:
    """Quarters filed 40 days after their end from three years before, every fifth restated; options by day at the end."""
    ends = np.arange(first - 1_100 * DAY, last, 91 * DAY)
    days = np.arange(max(last - 1_500 * DAY, first), last, DAY)
    again = ends[2::5]
    concept, start, end, value, known = [], [], [], [], []
    for name in (*FLOWS, *LEVELS):
        path = 1e8 * np.exp(np.cumsum(rng.normal(0.01, 0.05, len(ends))))
        begins = ends - 91 * DAY if name in FLOWS else np.full(len(ends), np.datetime64("NaT", "us"))
        concept += [name] * (len(ends) + len(again))
        start += [begins, begins[2::5]]
        end += [ends, again]
        value += [path, 1.1 * path[2::5]]
        known += [ends + 40 * DAY, again + 240 * DAY]
    for name in OPTIONS:
        concept += [name] * len(days)
        start, end, known = [*start, days - DAY], [*end, days], [*known, days]
        value.append(rng.lognormal(-1.0 if name.startswith("implied") else 7.0, 0.3, len(days)))
    columns = [np.concatenate(parts) for parts in (start, end, value, known)]
    return Figures.build("SEARCHED", concept, *columns)


def _texts(rng: np.random.Generator, first: np.datetime64, last: np.datetime64, n: int = 3_000) -> Texts:
    times = np.sort(first + (rng.random(n) * (last - first).astype(np.int64)).astype("timedelta64[us]"))
    channel = np.where(rng.random(n) < 0.3, "news", "social")
    score = np.where(rng.random(n) < 0.05, np.nan, np.clip(rng.normal(0.1, 0.5, n), -1.0, 1.0))
    sure = np.where(np.isnan(score), np.nan, rng.random(n))
    places = rng.normal(0.0, 1.0, (n, 8)).astype(np.float32)
    return Texts.build(
        "SEARCHED", times, channel, [f"text {k}" for k in range(n)], score, sure, np.full(n, "made-1"), places
    )


def _peer(rng: np.random.Generator, bars: Bars, number: int) -> Bars:
    """A walk at the times of some bars, one in a hundred of them absent."""
    n = len(bars)
    close = 50.0 * np.exp(np.cumsum(rng.normal(0.0, 0.012, n)))
    open_ = close * np.exp(rng.normal(0.0, 0.004, n))
    high, low = np.maximum(open_, close) * 1.004, np.minimum(open_, close) / 1.004
    volume = np.round(rng.lognormal(10.0, 0.4, n))
    series = Series(f"PEER{number}", bars.series.timeframe)
    peer = Bars.build(series, bars.event_time, open_, high, low, close, volume, known_time=bars.known_time)
    return peer.take(rng.random(n) > 0.01)
