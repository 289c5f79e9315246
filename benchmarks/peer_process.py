"""`python -m benchmarks.peer_process LIBRARY FOLDER ROUNDS`: one library on bars that lie in a folder.

Runs in the peers' environment. `bars.npz` holds open, high, low, close and volume of all instruments after one
another and their `lengths`. With no rounds the values of every output go to `LIBRARY.npz`; with some, the
processor seconds of the fastest round are printed, taken as ours are.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.clocks import processor_seconds
from benchmarks.peer_libraries import Outputs, with_pandas_ta, with_pandas_ta_patterns, with_ta
from benchmarks.peer_qlib import alpha158, start, write_store

Compute = Callable[..., dict[str, np.ndarray]]
COLUMNS = ("open", "high", "low", "close", "volume")
LIBRARIES: dict[str, Callable[[pd.DataFrame], Outputs]] = {
    "pandas_ta": with_pandas_ta,
    "pandas_ta_patterns": with_pandas_ta_patterns,
    "ta": with_ta,
}


def main(library: str, folder: Path, rounds: int) -> None:
    """Write the values, or print the seconds."""
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    frames = read_frames(folder / "bars.npz")
    if library == "qlib":
        compute, warm = _qlib(folder / "store", frames)
    else:
        compute = partial(_one_by_one, LIBRARIES[library], frames)
        warm = partial(_one_by_one, LIBRARIES[library], [frames[0].head(1_000)])
    if rounds:
        print(processor_seconds(partial(compute, keep=False), rounds, partial(warm, keep=False)))
        return
    np.savez(folder / f"{library}.npz", **compute(keep=True))


def read_frames(path: Path) -> list[pd.DataFrame]:
    """One table per instrument."""
    with np.load(path) as stored:
        columns = {name: stored[name] for name in COLUMNS}
        ends = np.cumsum(stored["lengths"])
    return [
        pd.DataFrame({name: values[start:end] for name, values in columns.items()})
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
    ]


def _one_by_one(
    library: Callable[[pd.DataFrame], Outputs], frames: Sequence[pd.DataFrame], keep: bool
) -> dict[str, np.ndarray]:
    """Every output over all instruments; nothing is kept while time is taken, the memory of one serves the next."""
    kept: list[Outputs] = []
    for frame in frames:
        outputs = library(frame)
        if keep:
            kept.append(outputs)
    return {name: np.concatenate([each[name].to_numpy() for each in kept]) for name in (kept[0] if kept else ())}


def _qlib(folder: Path, frames: list[pd.DataFrame]) -> tuple[Compute, Compute]:
    """The same by Qlib for all instruments, and for the first alone."""
    if not folder.exists():
        write_store(folder, frames)
    start(folder)
    return partial(alpha158, len(frames)), partial(alpha158, 1)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
