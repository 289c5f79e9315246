"""Nanoseconds per feature value: trimtab beside a plain copy and beside pandas, in one run.

Bars are simulated random walks: ten instruments of 3,000 rows and one of 250,000. Each family is
computed as a whole. A copy writes the same number of values from an array into a new one: nothing
that fills a new block can be faster. `pandas_peer` computes a subset; trimtab is timed on the same
subset, and the values are checked to be equal before anything is timed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.measuring import Section, best_of, times
from benchmarks.pandas_peer import with_pandas
from trimtab.bars import Bars
from trimtab.features.catalogue import FAMILY_MODULES, feature_sets
from trimtab.features.engine import compute
from trimtab.market import Series, Timeframe

SETTLED = 1_500  # rows after which exponential means of any seed agree
NOTE = """Processor time of one thread, best of several rounds. The pandas side uses its compiled windows only
and computes what features share once; both sides are checked to give equal values first. Its own cost per call
weighs more on short histories than on long ones."""


def random_walk(n: int, seed: int) -> Bars:
    """Bars of a geometric random walk with lognormal volume."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, n)))
    open_ = np.concatenate([close[:1], close[:-1]]) * np.exp(rng.normal(0.0, 0.002, n))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, 0.004, n)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, 0.004, n)))
    times_ = np.datetime64("2000-01-01", "us") + np.arange(n) * np.timedelta64(60_000_000, "us")
    return Bars.build(Series(f"W{seed}", Timeframe.MINUTE), times_, open_, high, low, close, rng.lognormal(10, 1, n))


def check_equal(bars: Bars) -> tuple[str, ...]:
    """The names of the peer's features; both sides must compute the same, or the comparison means nothing."""
    theirs = with_pandas(bars)
    ours = compute(bars, tuple(theirs))
    for name, values in theirs.items():
        np.testing.assert_allclose(
            ours.column(name)[SETTLED:], values.to_numpy()[SETTLED:], rtol=1e-6, atol=1e-6, err_msg=name
        )
    return tuple(theirs)


def measure() -> list[Section]:
    """Check, then measure both shapes."""
    peers = check_equal(random_walk(3_000, seed=99))
    return [
        _measure("Features: ten instruments of 3,000 rows", [random_walk(3_000, seed) for seed in range(10)], peers, 9),
        _measure("Features: one instrument of 250,000 rows", [random_walk(250_000, seed=50)], peers, 3),
    ]


def _measure(title: str, instruments: list[Bars], peers: tuple[str, ...], rounds: int) -> Section:
    rows = sum(map(len, instruments))

    def seconds(work: Callable[[Bars], object], rounds: int = rounds) -> float:
        def one_after_another() -> None:
            for bars in instruments:  # nothing is kept: the memory of one serves the next
                work(bars)

        return best_of(one_after_another, rounds)

    def row(label: str, k: int, taken: float) -> tuple[str, ...]:
        copy = seconds(lambda bars: _copy(bars, k))
        return label, str(k), f"{taken:.3f}", f"{taken / rows / k * 1e9:.2f}", times(taken, copy)

    table = [
        row(family, len(names), seconds(partial(compute, names=names)))
        for family, names in ((family, feature_sets()[family]) for family in (*FAMILY_MODULES, "all"))
    ]
    ours = seconds(partial(compute, names=peers))
    theirs = seconds(with_pandas, max(rounds // 3, 1))
    table += [row("those pandas has too", len(peers), ours), row("the same by pandas", len(peers), theirs)]
    note = f"{NOTE}\n\n**pandas takes {times(theirs, ours)} times as long as trimtab** on the {len(peers)} features compared."
    return Section(title, ("family", "features", "seconds", "ns per value", "× copy"), table, note)


def _copy(bars: Bars, k: int) -> np.ndarray:
    block = np.empty((len(bars), k), order="F")
    for column in range(k):
        block[:, column] = bars.close
    return block
