"""Whole tables: the features of a family and series written at once, and read across families."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from trimtab.bars.schema import TIME
from trimtab.errors import FeatureError
from trimtab.features.catalogue import catalogue, resolve
from trimtab.features.engine import FeatureBlock
from trimtab.features.store.code_identity import identities, require_identities
from trimtab.features.store.files import OpenTable, consistently, open_table, part_names
from trimtab.features.store.layout import About, block_table, table_name, write_table
from trimtab.features.store.online import Head, write_head
from trimtab.features.store.origin import MadeFrom, told_of
from trimtab.features.store.ranges import last_number
from trimtab.market import Series
from trimtab.storage.hashing import fingerprint_json, fingerprint_table
from trimtab.storage.lake import Lake
from trimtab.storage.locks import exclusive


def write_family(
    lake: Lake,
    series: Series,
    family: str,
    block: FeatureBlock,
    *,
    made_from: MadeFrom | None = None,
    at_rest: Any = np.float64,
) -> str:
    """Replace the table of one family and series; returns the fingerprint of content and identities.

    `made_from` goes into the lineage. `at_rest` is the type of the stored values: float32 halves the
    table and rounds to seven digits; they are read as float64 either way. Raises `FeatureError` when the
    block belongs to another series, holds features of another family, or is not increasing in time.
    """
    require_own(series, family, block)
    made_by = identities(block.names)
    table, name = block_table(block, at_rest), table_name(family, series)
    with exclusive(lake.lock_path(name)):
        old = part_names(lake, name)
        covers = last_number(old, 0)
        about = About(made_by, told_of(lake, made_from or MadeFrom(), made_by, block), covers)
        write_table(lake, name, table, about)
        delete_parts(lake, old)
        write_head(lake, name, head_of_block(block, made_by, at_rest, covers))
    return fingerprint_json([fingerprint_table(table), made_by])


def read_features(lake: Lake, series: Series, names: Sequence[str]) -> FeatureBlock:
    """Read features of a series across families, columns in the order of `names`.

    Raises `UnknownNameError` for a name that is not in the catalogue, `NotFoundError` when a table
    or column has not been computed, `FeatureError` when it was computed by another version of a
    feature or the tables of the families do not hold the same bars.
    """
    names = resolve(names=names)
    families = list(dict.fromkeys(catalogue()[name].family for name in names))
    return consistently(f"the features of {series}", lambda: _read(lake, series, names, families))


def read_event_times(lake: Lake, series: Series, family: str) -> np.ndarray:
    """The bars of a stored table, `datetime64[us]`, increasing; `NotFoundError` where there is none."""
    name = table_name(family, series)
    return consistently(name, lambda: open_table(lake, name).times()[0])


def stored_series(lake: Lake, families: Iterable[str]) -> dict[Series, tuple[str, ...]]:
    """Every series with stored features, sorted, and of which of some families."""
    found: dict[Series, list[str]] = {}
    for family in families:
        folder = lake.root / "features" / family
        for path in sorted(folder.glob("*.parquet")) if folder.is_dir() else []:
            if not path.name.startswith("."):
                found.setdefault(Series.parse(path.name.removesuffix(".parquet")), []).append(family)
    return {series: tuple(found[series]) for series in sorted(found)}


def require_own(series: Series, family: str, block: FeatureBlock) -> None:
    """Refuse a block of another series, with features of another family, or with rows out of order."""
    known = catalogue()
    strangers = [name for name in block.names if known[name].family != family]
    if strangers:
        raise FeatureError(
            f"'{strangers[0]}' is not in the family '{family}' but in '{known[strangers[0]].family}'; write each family to its own table"
        )
    if block.series != series:
        raise FeatureError(f"the block holds {block.series}, not {series}; write each series to its own table")
    if (block.event_time[1:] <= block.event_time[:-1]).any():
        raise FeatureError(
            f"the rows of {series} are not increasing in event_time; sort them and drop duplicates first"
        )


def head_of_block(block: FeatureBlock, made_by: dict[str, str], at_rest: Any, covers: int) -> Head:
    """The end of a table that is one block."""
    kind, nothing = np.dtype(at_rest), np.datetime64("NaT", "us")
    if not len(block):
        return Head(0, 0, nothing, nothing, {}, made_by, kind.name, covers)
    last = block.values[-1].astype(kind).astype(np.float64)  # as the table will give it back
    values = dict(zip(block.names, last.tolist(), strict=True))
    n = len(block)
    return Head(n, n, block.event_time[-1], block.known_time[-1], values, made_by, kind.name, covers)


def delete_parts(lake: Lake, parts: Iterable[str]) -> None:
    """Remove parts that no reader needs any more."""
    for part in parts:
        lake.tables.delete(part)


def _read(lake: Lake, series: Series, names: tuple[str, ...], families: list[str]) -> FeatureBlock:
    known = catalogue()
    event_time, known_time = np.empty(0, TIME), np.empty(0, TIME)
    values = np.empty((0, len(names)), order="F")
    for family in families:
        chosen = [column for column, name in enumerate(names) if known[name].family == family]
        asked = [names[column] for column in chosen]
        table = open_table(lake, table_name(family, series))
        require_identities(table.about.identities, asked, series, table.name)
        events, knowns = table.times()
        if family == families[0]:
            event_time, known_time = events, knowns
            values = np.empty((len(events), len(names)), order="F")
        elif not (np.array_equal(events, event_time) and np.array_equal(knowns, known_time)):
            raise FeatureError(
                f"{series}: the tables of {', '.join(families)} hold different bars (first seen in '{family}'); run `trimtab run`, which computes them again"
            )
        _fill(values, chosen, table, asked)
    return FeatureBlock(series, event_time, known_time, names, values)


def _fill(values: np.ndarray, chosen: list[int], table: OpenTable, names: list[str]) -> None:
    for file in table.files:
        rows = slice(file.first_row, file.first_row + file.n_rows)
        read = table.read(file, names)
        for column, name in zip(chosen, names, strict=True):
            values[rows, column] = read[name].to_numpy()
