"""From an Arrow table in somebody's columns to bars and corporate actions of ours.

What is true of a table as a whole (which column is what, how times are written, how long a bar is) is
decided once, by `decide_reading`, looking at one part after another. Any part can then be turned
into bars, so a table is never needed in one piece. Files and DuckDB are read by the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from trimtab.bars.actions.schema import Actions
from trimtab.bars.adjustment import factor_of
from trimtab.bars.file_times import TimeFormat, TimeWatch, watch_times
from trimtab.bars.schema import PRICES, Bars
from trimtab.bars.series_codes import NameCodes
from trimtab.bars.spacing import StepCount
from trimtab.bars.times import first_known
from trimtab.bars.told_actions import TELLING, actions_of
from trimtab.errors import SchemaError
from trimtab.market import Series, Timeframe

if TYPE_CHECKING:
    import pyarrow as pa

# The parts of a table, with the columns asked for, from its first row to its last.
Parts = Callable[[list[str]], Iterable["pa.Table"]]

_TIMES = ("event_time", "known_time")
_NUMBERS = (*PRICES, "volume", "factor", "adjusted_close", *TELLING)


@dataclass(frozen=True)
class Reading:
    """How one table is read as bars.

    Attributes
    ----------
    where: the table, for messages: a path, or what was asked.
    mapping: our name -> its column.
    columns: our name -> where it came from, for people: a column, or how the value was found where
        the table has none.
    event_time, known_time: how these columns are written; None where there is no such column.
    instrument_id, timeframe: of every row, where no column says it; else None.
    """

    where: str
    mapping: dict[str, str]
    columns: dict[str, str]
    event_time: TimeFormat
    known_time: TimeFormat | None
    instrument_id: str | None
    timeframe: Timeframe | None

    @property
    def key_columns(self) -> list[str]:
        """The columns that say which series a row belongs to."""
        return [self.mapping[name] for name in ("instrument_id", "timeframe") if name in self.mapping]

    @property
    def used_columns(self) -> list[str]:
        """Every column that is read."""
        return list(dict.fromkeys(self.mapping.values()))


@dataclass(frozen=True)
class BarColumns:
    """The columns of a part of a table as arrays, one element per row.

    Attributes
    ----------
    event_time, known_time: `datetime64[us]`, NaT where there is none; no known time where None.
    numbers: our name -> float64, NaN where there is no number.
    """

    event_time: np.ndarray
    known_time: np.ndarray | None
    numbers: dict[str, np.ndarray]

    def bars(self, series: Series, rows: np.ndarray | slice, publication_lag: timedelta) -> Bars:
        """The bars of a series, which are at these rows."""
        event_time = self.event_time[rows]
        earliest = first_known(series, event_time, publication_lag)
        # A table may say a bar was known later than its close, never that it was known earlier.
        known_time = earliest if self.known_time is None else np.fmax(self.known_time[rows], earliest)
        values = {name: self.numbers[name][rows] for name in (*PRICES, "volume")}
        return Bars.build(series, event_time, **values, factor=self._factor(rows), known_time=known_time)

    def actions(self, series: Series, rows: np.ndarray | slice) -> Actions:
        """The corporate actions told at these rows."""
        told = {name: self.numbers[name][rows] for name in TELLING if name in self.numbers}
        return actions_of(series.instrument_id, self.event_time[rows], told)

    def _factor(self, rows: np.ndarray | slice) -> np.ndarray | None:
        if "factor" in self.numbers:
            return self.numbers["factor"][rows]
        if "adjusted_close" in self.numbers:
            return factor_of(self.numbers["adjusted_close"][rows], self.numbers["close"][rows])
        return None


def decide_reading(
    parts: Parts,
    kinds: dict[str, pa.DataType],
    mapping: dict[str, str],
    where: str,
    *,
    instrument_id: str | None,
    timeframe: Timeframe | None,
    named_by: str = "the file's name",
) -> Reading:
    """Decide how a table is read, looking at no more columns than that takes.

    Parameters
    ----------
    parts: gives the table part by part, as often as it is called.
    kinds: the type of each column.
    mapping: what `map_columns` made of the columns.
    where: the table, for messages.
    instrument_id: for a table without such a column.
    timeframe: the length of the bars, for a table without such a column; absent, the spacing says it.
    named_by: how `instrument_id` was found, for people.

    Raises
    ------
    SchemaError: nothing says the instrument, times carry no zone or cannot be understood, or the spacing is no timeframe.
    """
    columns = dict(mapping)
    times = _decide_times(parts, kinds, mapping, where)
    columns["event_time"] = f"{mapping['event_time']} ({times['event_time'].note})"
    if "instrument_id" not in mapping:
        if instrument_id is None:
            raise SchemaError(f"{where} has no column for instrument_id (or instrument, symbol, ticker); add one")
        columns["instrument_id"] = f"{named_by} ({instrument_id})"
    given = timeframe
    if "timeframe" in mapping:
        timeframe = None
    elif given is None:
        timeframe = _spacing(parts, mapping, times["event_time"], where)
        columns["timeframe"] = f"{timeframe.value} (from the spacing of the times)"
    else:
        columns["timeframe"] = f"{given.value} (as given)"
    return Reading(
        where=where,
        mapping=mapping,
        columns=_with_factor(columns, mapping),
        event_time=times["event_time"],
        known_time=times.get("known_time"),
        instrument_id=None if "instrument_id" in mapping else instrument_id,
        timeframe=timeframe,
    )


def read_columns(table: pa.Table, reading: Reading) -> BarColumns:
    """The columns of a table, or of some rows of it, as arrays.

    Text where a number should be becomes NaN and is left to the checks. Raises `SchemaError` for
    a column that can hold neither and for a time that is none.
    """
    mapping = reading.mapping
    known = None
    if reading.known_time is not None:
        known = reading.known_time.read(table[mapping["known_time"]])
    return BarColumns(
        event_time=reading.event_time.read(table[mapping["event_time"]]),
        known_time=known,
        numbers={
            name: _as_numbers(table[mapping[name]], f"{reading.where}: column '{mapping[name]}'")
            for name in _NUMBERS
            if name in mapping
        },
    )


def bars_of_table(table: pa.Table, series: Series, reading: Reading, publication_lag: timedelta) -> Bars:
    """The bars of a table that holds one series and nothing else."""
    return bars_and_told(table, series, reading, publication_lag)[0]


def bars_and_told(
    table: pa.Table, series: Series, reading: Reading, publication_lag: timedelta
) -> tuple[Bars, Actions]:
    """The bars of a table that holds one series and nothing else, and the actions it tells."""
    columns = read_columns(table, reading)
    return columns.bars(series, slice(None), publication_lag), columns.actions(series, slice(None))


def _decide_times(
    parts: Parts, kinds: dict[str, pa.DataType], mapping: dict[str, str], where: str
) -> dict[str, TimeFormat]:
    watches: dict[str, TimeWatch] = {
        name: watch_times(kinds[mapping[name]], f"{where}: column '{mapping[name]}'")
        for name in _TIMES
        if name in mapping
    }
    unseen = [name for name in watches if watches[name].needs_to_see]
    for part in parts([mapping[name] for name in unseen]) if unseen else ():
        for name in unseen:
            watches[name].see(part[mapping[name]])
    formats = {name: watch.format() for name, watch in watches.items()}
    # Everything that would be refused is refused now, before any bar of the table has been used.
    doubtful = [name for name in formats if formats[name].may_refuse]
    row = 0
    for part in parts([mapping[name] for name in doubtful]) if doubtful else ():
        for name in doubtful:
            formats[name].read(part[mapping[name]], row)
        row += part.num_rows
    return formats


def _spacing(parts: Parts, mapping: dict[str, str], times: TimeFormat, where: str) -> Timeframe:
    columns = [mapping[name] for name in ("event_time", "instrument_id") if name in mapping]

    def count(some: Iterable[pa.Table]) -> StepCount:
        steps, names = StepCount(), NameCodes()
        for part in some:
            given = "instrument_id" in mapping
            group = names.codes(part[mapping["instrument_id"]]) if given else np.zeros(part.num_rows, np.int64)
            steps.see(times.read(part[mapping["event_time"]]), group)
        return steps

    steps = count(parts(columns))
    if not steps.is_exact:
        steps = count([_joined(parts(columns))])
    found = steps.timeframe()
    if found is None:
        raise SchemaError(
            f"{where} has no timeframe column and its times are not spaced like one; "
            f"say which it is, one of {', '.join(Timeframe)} (--timeframe)"
        )
    return found


def _joined(parts: Iterable[pa.Table]) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables(parts)


def _with_factor(columns: dict[str, str], mapping: dict[str, str]) -> dict[str, str]:
    adjusted = columns.pop("adjusted_close", None)
    if "factor" not in mapping:
        columns["factor"] = (
            "1 (the file has no adjusted close)" if adjusted is None else f"{adjusted} / {mapping['close']}"
        )
    return columns


def _as_numbers(column: pa.ChunkedArray, where: str) -> np.ndarray:
    import pandas as pd
    import pyarrow as pa

    kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        numbers: np.ndarray = column.cast(pa.float64(), safe=False).to_numpy()
        return numbers
    if pa.types.is_null(kind):
        return np.full(len(column), np.nan)
    text = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (pa.types.is_string(text) or pa.types.is_large_string(text) or pa.types.is_boolean(text)):
        raise SchemaError(f"{where} holds {kind}, which is no number; write prices and volumes as numbers")
    return pd.to_numeric(column.to_pandas().astype("object"), errors="coerce").to_numpy(dtype=np.float64)
