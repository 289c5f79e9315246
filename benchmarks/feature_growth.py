"""Whether twice the rows take twice the time, and what a second core brings."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.clocks import fastest, processor_seconds
from benchmarks.feature_bars import Instruments
from benchmarks.feature_sets import of_bars
from benchmarks.measuring import Section
from trimtab.bars import Bars
from trimtab.features.engine import compute
from trimtab.features.parallel import in_order

SHARES = (0.1, 0.25, 0.5, 1.0)
GROWTH_NOTE = """All features of bars over the first rows of one series. Processor seconds of the faster of two rounds; × linear is the
time per row beside that of the shortest history. A long block no longer fits the caches, and its memory has to
be handed out by the operating system first."""
CORES_NOTE = """All features of bars for every instrument, through `trimtab.features.parallel.in_order`; only a count of values
comes back from a worker. Seconds of the clock, starting the workers and sending them the bars included. Threads share one interpreter, which thousands of short calls hold most of the
time; for processes the start is a fixed cost."""


def measure_growth(instruments: Instruments) -> Section:
    """Shares of the rows of the first instrument."""
    series, names = instruments.bars[0], of_bars()
    taken = {share: _seconds(series.take(slice(0, int(share * len(series)))), names) for share in SHARES}
    linear = taken[SHARES[0]] / int(SHARES[0] * len(series))
    rows = []
    for share, seconds in taken.items():
        n = int(share * len(series))
        ns = f"{seconds / n / len(names) * 1e9:.2f}"
        rows.append((f"{share:.0%}", f"{n:,}", f"{seconds:.3f}", ns, f"{seconds / n / linear:.2f}"))
    header = ("share of the rows", "rows", "seconds", "ns per value", "× linear")
    return Section(f"Features: growth over {series.series} ({instruments.said})", header, rows, GROWTH_NOTE)


def measure_cores(instruments: Instruments) -> Section:
    """One and two workers of each kind, and what it takes to start them."""
    nothing = Instruments("nothing", [bars.take(slice(0, 1)) for bars in instruments.bars[:2]])
    values, one, rows = instruments.rows * len(of_bars()), 0.0, []
    for kind, n_workers, processes in (("one", 1, False), ("two threads", 2, False), ("two processes", 2, True)):
        start = fastest(partial(_count, nothing, n_workers, processes=processes), 1)
        seconds = fastest(partial(_count, instruments, n_workers, processes=processes), 1)
        one = one or seconds
        rows.append(
            (
                kind,
                f"{seconds:.2f}",
                f"{start:.2f}",
                f"{(seconds - start) / values * 1e9:.2f}",
                f"{one / seconds:.2f}",
                f"{one / (seconds - start):.2f}",
            )
        )
    header = ("workers", "seconds", "of which start", "ns per value after it", "× faster", "× faster after the start")
    return Section(f"Features: cores, {instruments.said}", header, rows, CORES_NOTE)


def _seconds(bars: Bars, names: tuple[str, ...]) -> float:
    return processor_seconds(lambda: compute(bars, names), 2, lambda: compute(bars.take(slice(0, 3_000)), names))


def _count(instruments: Instruments, n_workers: int, *, processes: bool = False) -> int:
    work = partial(n_known, names=of_bars())
    return sum(in_order(work, instruments.bars, n_workers, processes=processes))


def n_known(bars: Bars, names: tuple[str, ...]) -> int:
    """How many values are known: an answer small enough to send back."""
    return int(np.count_nonzero(~np.isnan(compute(bars, names).values)))
