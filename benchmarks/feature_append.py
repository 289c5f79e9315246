"""One more bar of one instrument: computing its features and adding them to the store, at two lengths of history."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.clocks import fastest, typical
from benchmarks.feature_bars import Instruments
from benchmarks.feature_matrix import families_of
from benchmarks.feature_sets import of_bars
from benchmarks.measuring import Section
from trimtab.bars import Bars
from trimtab.config import Settings
from trimtab.features.engine import FeatureBlock, compute
from trimtab.features.incremental import update
from trimtab.features.store import append_rows, write_family
from trimtab.features.warmup import bars_needed
from trimtab.storage.lake import Lake, open_lake

HISTORIES, APPENDED = (10_000, 50_000), 20
NOTE = f"""All features of bars of one series. `update` computes the newest row from as many bars as its features remember;
`append` adds one row to the table of every family and to its newest row, {APPENDED} times one after another, median.
Beside them the same by computing all of history and writing every table again. Milliseconds of the clock; what
does not depend on history should not grow from one line to the next."""


def measure_append(instruments: Instruments) -> Section:
    """Update and append after a shorter and a longer history."""
    rows = [_row(instruments.bars[0].take(slice(0, n))) for n in HISTORIES if n <= len(instruments.bars[0])]
    header = ("history, bars", "features", "update, ms", "append, ms", "compute all, ms", "write all, ms")
    return Section("Features: one more bar", header, rows, NOTE)


def _row(bars: Bars) -> tuple[str, ...]:
    names = of_bars()
    needed = bars.take(slice(-min(len(bars), bars_needed(names)), None))
    block = compute(bars, names)
    with tempfile.TemporaryDirectory() as folder:
        lake = open_lake(Settings(data_dir=Path(folder)))
        write = partial(_write, lake, part(block, slice(0, -APPENDED)))
        written = fastest(write, 1)
        ends: list[slice] = [slice(len(block) - k, len(block) - k + 1) for k in range(APPENDED, 0, -1)]
        works: list[Callable[[], object]] = [partial(_append, lake, part(block, rows)) for rows in ends]
        appended = typical(works)
    seconds = (
        fastest(lambda: update(needed, names, complete_history=True), 20),
        appended,
        fastest(lambda: compute(bars, names), 2),
        written,
    )
    return f"{len(bars):,}", str(len(names)), *(f"{1e3 * each:.1f}" for each in seconds)


def part(block: FeatureBlock, rows: slice) -> FeatureBlock:
    """Some rows of a block."""
    return FeatureBlock(block.series, block.event_time[rows], block.known_time[rows], block.names, block.values[rows])


def _write(lake: Lake, block: FeatureBlock) -> None:
    for family, each in _by_family(block):
        write_family(lake, block.series, family, each)


def _append(lake: Lake, block: FeatureBlock) -> None:
    for family, each in _by_family(block):
        append_rows(lake, block.series, family, each)


def _by_family(block: FeatureBlock) -> list[tuple[str, FeatureBlock]]:
    """The block as one per family."""
    found = []
    for family, members in families_of(block.names).items():
        columns = [block.names.index(name) for name in members]
        values = block.values[:, columns]
        found.append((family, FeatureBlock(block.series, block.event_time, block.known_time, tuple(members), values)))
    return found
