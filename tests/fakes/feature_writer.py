"""A process that writes and appends features without end, to be killed; and the plain truth beside it.

`python -m fakes.feature_writer LAKE` continues where the table stands and prints the number of rows after each
step. Every value tells its row, so that a torn table or a wrong newest row shows.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from trimtab.config import Settings
from trimtab.errors import NotFoundError
from trimtab.features.engine import FeatureBlock
from trimtab.features.store import append_rows, read_event_times, write_family
from trimtab.market import Series, Timeframe
from trimtab.storage.lake import open_lake

SERIES = Series("WRITTEN", Timeframe.DAY)
NAMES = ("return_1", "rsi_14", "return_5")
FAMILY = "technical"
ROWS_AT_ONCE = 3


def block_of(first: int, last: int) -> FeatureBlock:
    """Rows from one to another, the last not included: feature k of row r is r + k / 10."""
    rows = np.arange(first, last)
    event_time = np.datetime64("2020-01-01", "us") + rows * np.timedelta64(86_400_000_000, "us")
    values = np.asfortranarray(rows[:, None] + np.arange(len(NAMES)) / 10.0)
    return FeatureBlock(SERIES, event_time, event_time + SERIES.timeframe.duration_us, NAMES, values)


def main() -> None:
    """Append for ever; every tenth step writes the whole table anew."""
    lake = open_lake(Settings(data_dir=Path(sys.argv[1])))
    try:
        n = len(read_event_times(lake, SERIES, FAMILY))
    except NotFoundError:
        n = 0
        write_family(lake, SERIES, FAMILY, block_of(0, 0))
    for step in range(1_000_000):
        if step % 10 == 9:
            write_family(lake, SERIES, FAMILY, block_of(0, n))
        else:
            append_rows(lake, SERIES, FAMILY, block_of(n, n + ROWS_AT_ONCE))
            n += ROWS_AT_ONCE
        print(n, flush=True)


if __name__ == "__main__":
    main()
