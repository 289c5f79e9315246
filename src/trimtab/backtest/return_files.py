"""Reading returns from a CSV or Parquet file, and laying those of a benchmark beside them.

What cannot be a series of simple returns is refused here, in one sentence, before any number is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from trimtab.backtest.files import read_csv, read_numbers, read_table
from trimtab.bars.columns import plain_name
from trimtab.bars.file_times import read_times
from trimtab.errors import DatasetError

_TIMES = ("eventtime", "ts", "timestamp", "datetime", "date", "time")
_RETURNS = ("return", "returns")


@dataclass(frozen=True)
class ReturnSeries:
    """The returns of one file, checked.

    Attributes
    ----------
    returns: simple returns per period, in order of time, float64 of shape (n,); NaN where unknown.
    event_time: of each return, ascending, datetime64[us]; None where the file has no times.
    notes: sentences on what was found and what was done about it.
    """

    returns: np.ndarray
    event_time: np.ndarray | None
    notes: tuple[str, ...] = ()


def read_return_file(path: Path) -> ReturnSeries:
    """Returns from a column `return` or `returns`, or the only numeric column, with the file's times if it has any.

    Times are read as in bar files, from a column `event_time`, `ts`, `timestamp`, `datetime`, `date` or `time`; rows
    may come in any order of them. An empty value is an unknown return: NaN. Raises `DatasetError` for a file that
    cannot be read, a time that occurs twice or is missing, an infinite return, one below -1 (nobody loses more than
    all in a simple return: such files hold per cent), and when no return is known; `SchemaError` for what is no time.
    """
    table = read_table(path)
    time_column = _time_column(table)
    values = read_numbers(table, _return_column(table, path, time_column), path, "0.01 for one per cent")
    _refuse_impossible(values, path)
    notes = _notes(values, path)
    if time_column is None:
        return ReturnSeries(values, None, notes)
    times = _times(table, time_column, path)
    order = np.argsort(times, kind="stable")
    if (np.diff(order) < 0).any():
        notes += (f"{path.name}: rows were not in order of time and have been sorted",)
    return ReturnSeries(values[order], times[order], notes)


def beside(series: ReturnSeries, benchmark: ReturnSeries) -> tuple[np.ndarray, tuple[str, ...]]:
    """The benchmark's returns over the periods of the series, shape (n,), and notes.

    With times on both sides, every time of either must be one of the other between the first and the last of the
    series: a return since another time is a return over another period. What the benchmark has before or after is
    left out. Without times the files must have as many rows. Raises `DatasetError`.
    """
    if series.event_time is None or benchmark.event_time is None:
        if len(series.returns) != len(benchmark.returns):
            raise DatasetError(
                f"{len(series.returns)} returns and {len(benchmark.returns)} of the benchmark cannot be laid side by side "
                "without times; give both files a column event_time, or the same rows"
            )
        return benchmark.returns, ("returns and benchmark were compared row by row, because not both have times",)
    own, others = series.event_time, benchmark.event_time
    inside = (others >= own[0]) & (others <= own[-1])
    _refuse_misaligned(own, others[inside])
    n_outside = int((~inside).sum())
    left_out = f"{n_outside} of {len(others)} returns of the benchmark lie before or after and were left out"
    return benchmark.returns[inside], (left_out,) if n_outside else ()


def _refuse_misaligned(own: np.ndarray, others: np.ndarray) -> None:
    alone, too_many = np.setdiff1d(own, others), np.setdiff1d(others, own)
    if not len(alone) and not len(too_many):
        return
    first = (alone if len(alone) else too_many)[0]
    raise DatasetError(
        f"returns and benchmark are not of the same periods: {len(alone)} of {len(own)} times are missing in the "
        f"benchmark and {len(too_many)} times of the benchmark in the returns, the first {_text(first)}; "
        "cut both to the same times"
    )


def _return_column(table: pa.Table, path: Path, time_column: str | None) -> str:
    named = [name for name in table.column_names if plain_name(name) in _RETURNS]
    numeric = [
        field.name
        for field in table.schema
        if field.name != time_column and (pa.types.is_floating(field.type) or pa.types.is_integer(field.type))
    ]
    chosen = named or numeric
    if len(chosen) != 1:
        found = ", ".join(table.column_names)
        raise DatasetError(f"{path}: it is not clear which column holds returns among {found}; name one 'return'")
    return chosen[0]


def _time_column(table: pa.Table) -> str | None:
    by_plain = {plain_name(column): column for column in reversed(table.column_names)}
    return next((by_plain[name] for name in _TIMES if name in by_plain), None)


def _times(table: pa.Table, column: str, path: Path) -> np.ndarray:
    if path.suffix.lower() == ".csv" and pa.types.is_timestamp(table.schema.field(column).type):
        table = read_csv(path, as_text=(column,))  # the zone must survive
    times, _ = read_times(table[column], f"{path}: column '{column}'")
    if np.isnat(times).any():
        raise DatasetError(
            f"{path}: {int(np.isnat(times).sum())} of {len(times)} rows have no {column}; fill or drop them"
        )
    distinct, counts = np.unique(times, return_counts=True)
    if len(distinct) < len(times):
        twice = _text(distinct[counts > 1][0])
        raise DatasetError(f"{path}: {twice} occurs {counts.max()} times in '{column}'; keep one return per time")
    return times


def _refuse_impossible(values: np.ndarray, path: Path) -> None:
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values))[0]) + 1
        raise DatasetError(
            f"{path}: the return in data row {row} is infinite; leave the value empty if it is not known"
        )
    if not (~np.isnan(values)).any():
        raise DatasetError(f"{path}: none of its {len(values)} returns is known; there is nothing to measure")
    if (values < -1.0).any():
        row = int(np.flatnonzero(values < -1.0)[0])
        raise DatasetError(
            f"{path}: the return in data row {row + 1} is {values[row]:g}, but a simple return cannot be below -1 "
            "(-100 %); if the file holds per cent, divide by 100, since 0.01 is one per cent"
        )


def _notes(values: np.ndarray, path: Path) -> tuple[str, ...]:
    n_unknown, n_doubled = int(np.isnan(values).sum()), int((values > 1.0).sum())
    found = []
    if n_unknown:
        found.append(
            f"{path.name}: {n_unknown} of {len(values)} returns are not known; they count as elapsed time, grow "
            "nothing and are left out of means and deviations"
        )
    if n_doubled:
        found.append(
            f"{path.name}: {n_doubled} of {len(values)} returns are above 1 (100 %); is that so, or are they per cent?"
        )
    return tuple(found)


def _text(time: np.datetime64) -> str:
    return f"{np.datetime_as_string(time, unit='s')}Z"
