"""Alpha158 by Qlib's expression engine, from bars laid out as its own binary store.

Runs in the peers' environment. Qlib reads one file of float32 per field and instrument over a common calendar;
every instrument lies at the head of that calendar here, so that a halt of one is no gap in its windows.
Its caches are emptied before every round: it would answer the second one from memory.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

FIELDS = ("open", "high", "low", "close", "volume", "vwap")


def write_store(folder: Path, frames: Sequence[pd.DataFrame]) -> None:
    """A Qlib store of these bars, with vwap as the mean of high, low and close."""
    calendar = pd.bdate_range("1900-01-01", periods=max(map(len, frames))).strftime("%Y-%m-%d")
    (folder / "calendars").mkdir(parents=True)
    (folder / "instruments").mkdir()
    (folder / "calendars" / "day.txt").write_text("\n".join(calendar) + "\n", encoding="utf-8")
    lines = []
    for number, f in enumerate(frames):
        lines.append(f"{_name(number)}\t{calendar[0]}\t{calendar[len(f) - 1]}")
        where = folder / "features" / _name(number).lower()
        where.mkdir(parents=True)
        for field in FIELDS:
            values = (f.high + f.low + f.close) / 3.0 if field == "vwap" else f[field]
            np.concatenate([[0.0], values]).astype("<f4").tofile(where / f"{field}.day.bin")
    (folder / "instruments" / "all.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def start(folder: Path) -> None:
    """Let Qlib read this store, with one kernel and without caches on disk."""
    import qlib

    qlib.init(
        provider_uri=str(folder), kernels=1, expression_cache=None, dataset_cache=None, logging_level=logging.ERROR
    )


def alpha158(n_instruments: int, keep: bool) -> dict[str, np.ndarray]:
    """Each column of Alpha158 for the first instruments, one after another; all of them are in memory either way."""
    from qlib.contrib.data.loader import Alpha158DL
    from qlib.data import D
    from qlib.data.cache import H

    H.clear()
    fields, names = Alpha158DL.get_feature_config()
    table = D.features([_name(number) for number in range(n_instruments)], fields, freq="day")
    return {name: table[field].to_numpy() for name, field in zip(names, fields, strict=True)} if keep else {}


def _name(number: int) -> str:
    return f"I{number:05d}"  # in this order Qlib returns them too
