"""Any figures in a plain table: one row per statement, in trimtab's words, options figures included.

Columns: `instrument_id` (or symbol, ticker), `concept`, `period_end` (or date), `value`, and where there is one
`period_start`, `document`, and when it was known: `known_time`, a moment with its zone, or `filed`, a date.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trimtab.errors import SchemaError, UnknownNameError
from trimtab.facts.concepts import CONCEPTS, FLOWS, LEVELS, OPTIONS
from trimtab.facts.schema import TIME, Figures
from trimtab.facts.sources.protocol import (
    ReadOptions,
    as_delay,
    chosen_instruments,
    days,
    known_moments,
    over,
    read_table,
    require_columns,
    the_one_instrument,
)

if TYPE_CHECKING:
    import pandas as pd

_ALSO_CALLED = {
    "instrument_id": ("instrument", "symbol", "ticker"),
    "period_end": ("date", "day", "end"),
    "period_start": ("start",),
    "known_time": ("available_from",),
    "filed": ("filing_date", "published"),
}


def read(path: Path, options: ReadOptions) -> dict[str, Figures]:
    """Figures of every instrument in a table of statements.

    A date, in `filed` or `known_time`, counts from 00:00 UTC of the day after, because the hour is not said. Without
    either, `options.delay` must say how long after the end of a period, which is the end of its last day, a figure
    could be known.
    """
    given = read_table(path)
    table = _named(given)
    require_columns(table, ("concept", "period_end", "value"), path, given.columns)
    if "instrument_id" not in table:
        table["instrument_id"] = the_one_instrument(options.instruments, path)
    for concept in table["concept"].unique():
        if concept not in CONCEPTS:
            raise UnknownNameError("concept", str(concept), CONCEPTS, where=f"{path}: ")
    names = table["instrument_id"].astype(str)
    chosen = chosen_instruments(names.unique(), options.instruments or None, path, options.missing)
    columns = _columns(table, path, options)
    return {name: _build(name, columns, (names == name).to_numpy()) for name in chosen}


def _columns(table: pd.DataFrame, path: Path, options: ReadOptions) -> dict[str, np.ndarray]:
    import pandas as pd

    value = pd.to_numeric(table["value"], errors="coerce").to_numpy(np.float64)
    if not np.isfinite(value).all():
        at = int(np.argmin(np.isfinite(value)))
        raise SchemaError(f"{path}: row {at + 1} has no number in 'value' ({table['value'].iloc[at]}); correct it")
    concept, end = table["concept"].to_numpy(dtype=np.str_), days(table["period_end"], "period_end", path)
    if np.isnat(end).any():
        raise SchemaError(f"{path}: row {int(np.argmax(np.isnat(end))) + 1} has no period_end; fill it in")
    return {
        "concept": concept,
        "period_start": _starts(table, concept, end, path),
        "period_end": end,
        "value": value,
        "known_time": _known_times(table, end, path, options),
        "document": table["document"].fillna("").to_numpy(dtype=np.str_)
        if "document" in table
        else np.full(len(end), ""),
    }


def _starts(table: pd.DataFrame, concept: np.ndarray, end: np.ndarray, path: Path) -> np.ndarray:
    """When periods begin: a level has no period, what options figures are about is their day."""
    told = "period_start" in table
    start = days(table["period_start"], "period_start", path) if told else np.full(len(end), np.datetime64("NaT"), TIME)
    start[np.isin(concept, list(LEVELS))] = np.datetime64("NaT")
    unsaid = np.isnat(start) & np.isin(concept, list(OPTIONS))
    start[unsaid] = end[unsaid]
    missing = np.isnat(start) & np.isin(concept, list(FLOWS))
    if missing.any():
        at = int(np.argmax(missing))
        raise SchemaError(f"{path}: row {at + 1}, {concept[at]}, is summed over a period; say its period_start")
    return start


def _known_times(table: pd.DataFrame, end: np.ndarray, path: Path, options: ReadOptions) -> np.ndarray:
    column = next((name for name in ("known_time", "filed") if name in table), None)
    if column is None and options.delay is None:
        raise SchemaError(
            f"{path} says in no column when a figure was known (known_time or filed); add one, or say how long "
            "after the end of its period (--delay 45d)"
        )
    known = over(end) if column is None else known_moments(table[column], column, path)
    if np.isnat(known).any():
        raise SchemaError(f"{path}: row {int(np.argmax(np.isnat(known))) + 1} has no {column}; fill it in")
    return known + as_delay(options.delay)


def _build(name: str, columns: dict[str, np.ndarray], rows: np.ndarray) -> Figures:
    return Figures.build(name, **{column: array[rows] for column, array in columns.items()})


def _named(table: pd.DataFrame) -> pd.DataFrame:
    lower = {str(name).strip().lower(): name for name in table.columns}
    ours = {}
    for name, others in _ALSO_CALLED.items():
        found = next((lower[each] for each in (name, *others) if each in lower), None)
        if found is not None:
            ours[found] = name
    return table.rename(columns=ours)
