"""A feature on the packaged sample: what its numbers look like before anybody has bars of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.bars import Bars
from trimtab.bars.sources.sample import PackagedSample
from trimtab.features.catalogue import catalogue, resolve
from trimtab.features.engine import compute
from trimtab.features.surroundings import Surroundings
from trimtab.figures import BLUE, INK, MUTED, as_png, new_figure
from trimtab.market import Series, Timeframe

INSTRUMENT = "AAPL"
PEERS = ("GOOG", "IBM", "MSFT")


@dataclass(frozen=True)
class Example:
    """One feature over the packaged bars of one instrument.

    Attributes
    ----------
    name: the feature.
    bars: what it was computed on.
    values: float64, one per bar, NaN where unknown.
    """

    name: str
    bars: Bars
    values: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """The values that exist."""
        return self.values[~np.isnan(self.values)]

    def quantiles(self) -> dict[str, float]:
        """Lowest, 5 %, middle, 95 %, highest and last known value."""
        shares = {"lowest": 0.0, "5 %": 0.05, "median": 0.5, "95 %": 0.95, "highest": 1.0}
        found = {label: float(np.quantile(self.known, share)) for label, share in shares.items()}
        return {**found, "last": float(self.known[-1])}


def example(name: str) -> Example | None:
    """A feature on Apple's days of the packaged sample; None where it needs facts, which the sample has not.

    Raises `UnknownNameError` for a feature that does not exist.

    >>> shown = example("rsi_14")
    >>> len(shown.values), round(shown.quantiles()["median"])
    (3270, 54)
    """
    resolve(names=[name])
    needs = catalogue()[name].needs
    if set(needs) - {"peers"}:
        return None
    bars = _sample(INSTRUMENT)
    peers = {peer: _sample(peer) for peer in PEERS} if needs else {}
    values = compute(bars, [name], surroundings=Surroundings(peers=peers)).column(name)
    return Example(name, bars, values)


def plot_example(shown: Example, n_bars: int = 500) -> bytes:
    """PNG: the close above, the feature below, over the newest bars."""
    figure, (price, feature) = new_figure(2, 1, height=3.6)
    times = shown.bars.event_time[-n_bars:].astype("datetime64[D]")
    price.plot(times, shown.bars.adjusted().close[-n_bars:], color=INK, linewidth=0.9)
    price.set_title(f"{shown.bars.series}, adjusted close", fontsize=8, loc="left")
    price.tick_params(labelbottom=False)
    feature.plot(times, shown.values[-n_bars:], color=BLUE, linewidth=0.9)
    feature.set_title(shown.name, fontsize=8, loc="left")
    for bound in catalogue()[shown.name].bounds:
        if bound is not None:
            feature.axhline(bound, color=MUTED, linewidth=0.6, linestyle="dotted")
    return as_png(figure)


def _sample(instrument: str) -> Bars:
    return PackagedSample().fetch(Series(instrument, Timeframe.DAY))
