"""The out-of-fold forecasts of every trial, kept as plain arrays: what a trial would have earned needs them.

A study has a folder with `rows.npy`, the positions of its rows in its dataset (int64, shape (n,)), and one file per
trial named after its number (float64, shape (n,)): what the model that had not seen a row said about it. NaN stands
where no model of the trial did, as in the folds a pruned trial was never given. A trial's file is there before the
trial counts as finished, and the same trial writes the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trimtab.storage.atomic import write_atomically

ROWS = "rows.npy"


def study_folder(root: Path, study_name: str) -> Path:
    """The folder of a study under the root of a lake: `trial_forecasts/STRATEGY/FINGERPRINT`.

    >>> study_folder(Path("lake"), "mine:0123").as_posix()
    'lake/trial_forecasts/mine/0123'
    """
    return root.joinpath("trial_forecasts", *study_name.split(":"))


def write_rows(folder: Path, rows: np.ndarray) -> None:
    """Say which rows of its dataset a study is about."""
    _write(folder / ROWS, np.asarray(rows, dtype=np.int64))


def write_forecasts(folder: Path, number: int, value: np.ndarray) -> None:
    """Keep what a trial said about the study's rows; shape (n,)."""
    _write(folder / f"{number}.npy", np.asarray(value, dtype=np.float64))


def read_rows(folder: Path) -> np.ndarray | None:
    """The positions of a study's rows in its dataset; None when they were not kept."""
    return _read(folder / ROWS)


def read_forecasts(folder: Path, number: int) -> np.ndarray | None:
    """What a trial said; None when it was not kept."""
    return _read(folder / f"{number}.npy")


def are_kept(folder: Path, number: int) -> bool:
    """Whether what a trial said is there, and the rows it is about."""
    return (folder / ROWS).exists() and (folder / f"{number}.npy").exists()


def _write(path: Path, array: np.ndarray) -> None:
    def dump(temporary: Path) -> None:
        with open(temporary, "wb") as handle:
            np.save(handle, array, allow_pickle=False)

    write_atomically(path, dump)


def _read(path: Path) -> np.ndarray | None:
    return np.load(path, allow_pickle=False) if path.exists() else None
