"""Nanoseconds per feature value on real bars, beside a plain copy, TA-Lib and other libraries, in one run.

Days of equities and minutes of crypto pairs where they are at hand, else the packaged sample and a simulated
walk (`feature_bars`). A copy writes the same number of values from an array into a new one: nothing that fills
a new block can be faster. TA-Lib's own calls (`raw_talib`) are the scale for compiled work. Then the same
outputs by other libraries (`feature_peers`), growth and cores (`feature_growth`), reading many instruments at
one time (`feature_matrix`) and one more bar (`feature_append`). With `--profile`, what costs most.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks import raw_talib
from benchmarks.clocks import processor_seconds
from benchmarks.feature_append import measure_append
from benchmarks.feature_bars import Instruments, days, minutes
from benchmarks.feature_growth import measure_cores, measure_growth
from benchmarks.feature_matrix import measure_matrix
from benchmarks.feature_peers import measure_peers
from benchmarks.feature_profile import measure_profile
from benchmarks.feature_sets import of_bars, timed_sets
from benchmarks.measuring import Section, times
from benchmarks.peer_environment import ensure
from trimtab.bars import Bars
from trimtab.features.engine import compute

COPY = "a plain copy of as many values"
NOTE = """Processor time of one thread, the faster of two rounds; every instrument is computed as a whole, one after another, and
its block dropped. Sets of features are those that need nothing but bars. TA-Lib's rows are its own functions at its
own parameters, called on the same adjusted prices, without the block that our features are written to."""


def measure() -> list[Section]:
    """Check, then measure everything."""
    python, daily, by_minute = ensure(), days(), minutes()
    return [
        measure_sets(daily),
        measure_sets(by_minute),
        measure_peers(python, daily, by_minute),
        measure_growth(by_minute),
        measure_cores(daily.some(150)),
        measure_matrix(daily),
        measure_append(by_minute),
    ]


def profile() -> list[Section]:
    """The features that cost most, on both kinds of bars."""
    return [measure_profile(days().some(20, least=2_700)), measure_profile(minutes().first(200_000))]


def measure_sets(instruments: Instruments) -> Section:
    """Each family, what is promised together, and all of them."""
    seconds = partial(_seconds, instruments)
    copied = seconds(partial(_copy, k=len(of_bars()))) / len(of_bars())

    def row(label: str, k: int, work: Callable[[Bars], object]) -> tuple[str, ...]:
        taken = seconds(work)
        return label, str(k), f"{taken:.3f}", f"{taken / instruments.rows / k * 1e9:.2f}", times(taken, copied * k)

    table = [row(said, len(names), partial(compute, names=names)) for said, names in timed_sets().items()]
    for said, groups in (("TA-Lib, 61 patterns", raw_talib.PATTERNS), ("TA-Lib, indicators", raw_talib.INDICATORS)):
        calls, k = raw_talib.work(groups)
        table.append(row(said, k, calls))
    table.append((COPY, "1", f"{copied:.4f}", f"{copied / instruments.rows * 1e9:.2f}", "1.00"))
    header = ("what", "outputs", "seconds", "ns per value", "× copy")
    return Section(f"Features: {instruments.said}", header, table, NOTE)


def _seconds(instruments: Instruments, work: Callable[[Bars], object]) -> float:
    def one_after_another() -> None:
        for bars in instruments.bars:  # nothing is kept: the memory of one serves the next
            work(bars)

    return processor_seconds(one_after_another, 2, lambda: work(instruments.bars[0].take(slice(0, 3_000))))


def _copy(bars: Bars, k: int) -> np.ndarray:
    block = np.empty((len(bars), k), order="F")
    for column in range(k):
        block[:, column] = bars.close
    return block
