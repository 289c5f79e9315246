"""Corporate actions in a file that a person made: CSV or Parquet, one action per row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from trimtab.bars.actions.schema import ActionKind, Actions
from trimtab.bars.file_access import readable
from trimtab.bars.schema import TIME
from trimtab.errors import SchemaError, SourceError

if TYPE_CHECKING:
    import pyarrow as pa

FILE_COLUMNS = ("instrument", "ex_date", "kind", "value")


def read_action_file(path: Path) -> list[Actions]:
    """The actions of a file, one `Actions` per instrument, by instrument.

    The file has the columns instrument, ex_date (2020-08-31), kind (split or dividend) and value (4 for
    four-for-one; the amount per share as traded on the day before); other columns are left alone.

    Raises `SourceError` for a file that cannot be read and `SchemaError` for one that says something
    else, naming the row.
    """
    table = _read(path)
    absent = [name for name in FILE_COLUMNS if name not in table.column_names]
    if absent:
        raise SchemaError(
            f"{path} has no column '{absent[0]}' (it has: {', '.join(table.column_names)}); "
            f"actions need {', '.join(FILE_COLUMNS)}"
        )
    if len(table) == 0:
        raise SourceError(f"{path} has columns but no rows; give a file with at least one action")
    rows = [
        [None if value is None else str(value).strip() for value in table[name].to_pylist()] for name in FILE_COLUMNS
    ]
    instruments, dates, kinds, values = rows
    ex_time = np.array([_date(text, path, row) for row, text in enumerate(dates)], TIME)
    kind = np.array([_kind(text, path, row) for row, text in enumerate(kinds)], "U8")
    value = np.array([_number(text, path, row) for row, text in enumerate(values)])
    whose = np.array([text or _refuse(path, row, "no instrument") for row, text in enumerate(instruments)])
    return [
        Actions.build(str(name), ex_time[whose == name], kind[whose == name], value[whose == name])
        for name in np.unique(whose)
    ]


def _read(path: Path) -> pa.Table:
    import pyarrow.parquet as pq
    from pyarrow import csv

    if not path.is_file():
        raise SourceError(f"there is no file {path}; check the path")
    with readable(path):
        if path.suffix.lower() == ".parquet":
            return pq.read_table(path)
        with csv.open_csv(path) as opened:
            names = opened.schema.names
        # As text: a value that is no number is then named with its row.
        return csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, "string")))


def _date(text: str | None, path: Path, row: int) -> np.datetime64:
    try:
        moment = np.datetime64(str(text).removesuffix("+00:00"), "us")
    except ValueError:
        _refuse(path, row, f"no date in '{text}'; write 2020-08-31")
    if np.isnat(moment) or moment != moment.astype("datetime64[D]"):
        _refuse(path, row, f"no date in '{text}'; write 2020-08-31, without a time of day")
    return moment


def _kind(text: str | None, path: Path, row: int) -> str:
    try:
        return ActionKind(str(text).lower()).value
    except ValueError:
        _refuse(path, row, f"unknown kind '{text}'; allowed: {', '.join(ActionKind)}")


def _number(text: str | None, path: Path, row: int) -> float:
    try:
        return float(str(text))
    except ValueError:
        _refuse(path, row, f"no number in '{text}'")


def _refuse(path: Path, row: int, what: str) -> NoReturn:
    raise SchemaError(f"{path}, row {row + 1}: {what}")
