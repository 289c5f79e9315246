"""The bars that features are measured on: real ones where they are at hand, else the packaged sample and walks.

Real bars are the files of `TRIMTAB_TEST_DATA`, by default `../shared/data` beside the repository, as in the
tests. A newcomer has none: days are then those of the packaged sample, minutes a simulated walk.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trimtab.bars import Bars
from trimtab.bars.files import read_bar_file
from trimtab.bars.sources.sample import PackagedSample
from trimtab.features.export import accepted_in_order
from trimtab.market import Series, Timeframe

ROOT = Path(__file__).parents[1]
SIMULATED_MINUTES = 250_000


@dataclass(frozen=True)
class Instruments:
    """Bars of some instruments, and what they are.

    Attributes
    ----------
    said: what they are, for a title.
    bars: one per instrument, each strictly increasing in time.
    """

    said: str
    bars: Sequence[Bars]

    @property
    def rows(self) -> int:
        """How many bars there are in all."""
        return sum(map(len, self.bars))

    def some(self, n: int, least: int = 0) -> Instruments:
        """At most n of those with at least so many rows, spread over all."""
        long = [each for each in self.bars if len(each) >= least]
        chosen = np.unique(np.linspace(0, len(long) - 1, min(n, len(long))).astype(int))
        bars = [long[i] for i in chosen]
        return Instruments(f"{len(bars)} of the {self.said}", bars)

    def first(self, rows: int) -> Instruments:
        """The first instrument alone, at most its first rows."""
        one = self.bars[0].take(slice(0, rows))
        return Instruments(f"first {len(one):,} of the {self.said}", [one])


def market_file(name: str) -> Path | None:
    """The file of real bars with this name; None where there is none."""
    path = Path(os.environ.get("TRIMTAB_TEST_DATA", ROOT.parent / "shared" / "data")) / f"{name}.parquet"
    return path if path.is_file() else None


def days() -> Instruments:
    """Twelve years of days of 299 equities, or the packaged sample."""
    path = market_file("equities_daily")
    if path is not None:
        bars = _read(path)
        return Instruments(f"real days of {len(bars)} equities, {sum(map(len, bars)):,} bars", bars)
    sample = PackagedSample()
    bars = [accepted_in_order(sample.fetch(series)) for series in sample.instruments()]
    return Instruments(f"days of the packaged sample, {len(bars)} instruments, {sum(map(len, bars)):,} bars", bars)


def minutes() -> Instruments:
    """A year of minutes of BTC and three months of ETH, or a simulated walk; the longest series first."""
    path = market_file("crypto_1m")
    if path is not None:
        bars = sorted(_read(path), key=len, reverse=True)
        return Instruments(f"real minutes of {len(bars)} crypto pairs, {sum(map(len, bars)):,} bars", bars)
    walk = random_walk(SIMULATED_MINUTES, seed=50)
    return Instruments(f"{len(walk):,} simulated minutes, no real ones being at hand", [walk])


def random_walk(n: int, seed: int) -> Bars:
    """Minutes of a geometric random walk with lognormal volume."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, n)))
    open_ = np.concatenate([close[:1], close[:-1]]) * np.exp(rng.normal(0.0, 0.002, n))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, 0.004, n)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, 0.004, n)))
    opened = np.datetime64("2000-01-01", "us") + np.arange(n) * np.timedelta64(60_000_000, "us")
    return Bars.build(Series(f"W{seed}", Timeframe.MINUTE), opened, open_, high, low, close, rng.lognormal(10, 1, n))


def _read(path: Path) -> list[Bars]:
    # These files are clean, which a test of the checks holds to; judging them again would take most of the time.
    return list(read_bar_file(path).bars.values())
