"""Reading 25 instruments x 50 features as of one moment out of the store, beside pandas on the same files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.clocks import fastest
from benchmarks.feature_bars import Instruments
from benchmarks.feature_sets import of_bars
from benchmarks.measuring import Section, times
from trimtab.bars import Bars
from trimtab.config import Settings
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import compute
from trimtab.features.store import MatrixReader, table_name, write_family
from trimtab.market import Series
from trimtab.storage.lake import Lake, open_lake

INSTRUMENTS, FEATURES = 25, 50
NOTE = f"""{INSTRUMENTS} instruments x {FEATURES} features, spread over the families of bars, as of one decision time: for each instrument the
newest row known by then. Milliseconds of the clock, fastest of several rounds, after both sides have given the same
numbers. Cold: a reader that has opened nothing yet, files in the cache of the operating system. Warm: a reader that keeps
what it has read and looks at the files' state in every call. pandas reads the columns asked for of every
table and takes the row with `merge_asof`; warm, it keeps the tables joined in memory and does not look at the files."""


def measure_matrix(instruments: Instruments) -> Section:
    """Write the tables, check that both sides agree, time both."""
    chosen = instruments.some(INSTRUMENTS)
    names = spread(of_bars(), FEATURES)
    with tempfile.TemporaryDirectory() as folder:
        lake = open_lake(Settings(data_dir=Path(folder)))
        for bars in chosen.bars:
            store_families(lake, bars, names)
        series = [bars.series for bars in chosen.bars]
        at = np.sort(np.concatenate([bars.known_time for bars in chosen.bars]))[-len(chosen.bars) * 100 :][:1]
        kept, warm = _joined(lake, series, names), MatrixReader(lake)
        np.testing.assert_array_equal(warm.matrix(series, names, at).values[0], _as_of(kept, at))
        ways: dict[str, Callable[[], object]] = {
            "trimtab, cold": lambda: MatrixReader(lake).matrix(series, names, at),
            "pandas, cold": lambda: _as_of(_joined(lake, series, names), at),
            "trimtab, warm": lambda: warm.matrix(series, names, at),
            "pandas, warm": lambda: _as_of(kept, at),
        }
        taken = {way: fastest(work, 5) for way, work in ways.items()}
    rows = [(way, f"{1e3 * s:.1f}", times(s, taken[way.replace("pandas", "trimtab")])) for way, s in taken.items()]
    title = f"Features: {len(series)} instruments × {len(names)} features as of one decision time"
    return Section(title, ("reader", "milliseconds", "× trimtab"), rows, NOTE)


def spread(names: Sequence[str], n: int) -> tuple[str, ...]:
    """n of the names, evenly spaced, so that every family is met."""
    return tuple(names[i] for i in np.unique(np.linspace(0, len(names) - 1, n).astype(int)))


def families_of(names: Sequence[str]) -> dict[str, list[str]]:
    """The names by family."""
    by_family: dict[str, list[str]] = {}
    for name in names:
        by_family.setdefault(catalogue()[name].family, []).append(name)
    return by_family


def store_families(lake: Lake, bars: Bars, names: Sequence[str]) -> None:
    """Write the whole table of every family that one of the names belongs to."""
    for family in families_of(names):
        members = [name for name in of_bars() if catalogue()[name].family == family]
        write_family(lake, bars.series, family, compute(bars, members))


def _joined(lake: Lake, series: Sequence[Series], names: Sequence[str]) -> list[pd.DataFrame]:
    """For each series the columns asked for of all families side by side, by known time."""
    keys, by_family = ["event_time", "known_time"], families_of(names)
    joined = []
    for each in series:
        parts = [
            pd.read_parquet(lake.tables.path(table_name(family, each)), columns=[*keys, *members]).set_index(keys)
            for family, members in by_family.items()
        ]
        whole = pd.concat(parts, axis=1)[list(names)].reset_index()
        joined.append(whole.sort_values("known_time", kind="stable"))
    return joined


def _as_of(joined: Sequence[pd.DataFrame], at: np.ndarray) -> np.ndarray:
    wanted = pd.DataFrame({"known_time": pd.DatetimeIndex(at).tz_localize("UTC").as_unit("us")})
    rows = [pd.merge_asof(wanted, each, on="known_time").iloc[:, 2:].to_numpy()[0] for each in joined]
    return np.stack(rows)
