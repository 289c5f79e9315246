"""The out-of-fold forecasts of every trial, kept as plain arrays: what a trial would have earned needs them.

A study has a folder with `rows.npy`, the positions of its rows in its dataset (int64, shape (n,)), and one file per
trial named after its number (float64, shape (n,)): what the model that had not seen a row said about it. NaN stands
where no model of the trial did, as in the folds a pruned trial was never given. A trial's file is there before the
trial counts as finished, and the same trial writes the same bytes. Beside every array lies the SHA-256 of its file,
`0.sha256` beside `0.npy`: an array that was damaged or changed by hand is no longer what the trial said.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from trimtab.storage.atomic import write_bytes, write_text
from trimtab.storage.hashing import sha256_bytes

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
    """The positions of a study's rows in its dataset; None when they were not kept, or not as they were written."""
    return _read(folder / ROWS)


def read_forecasts(folder: Path, number: int) -> np.ndarray | None:
    """What a trial said; None when it was not kept, or not as it was written."""
    return _read(folder / f"{number}.npy")


def kept_digest(folder: Path, number: int) -> str | None:
    """SHA-256 of what a trial said and of the rows it is about; None when one of them is absent, damaged or altered."""
    contents = [_content(folder / name) for name in (ROWS, f"{number}.npy")]
    return None if None in contents else sha256_bytes("".join(sha256_bytes(c) for c in contents if c).encode())


def n_kept(folder: Path) -> int:
    """How many trials have a file in the folder of a study, whatever is in it."""
    return sum(path.stem.isdigit() for path in folder.glob("*.npy"))


def _write(path: Path, array: np.ndarray) -> None:
    """The digest comes first, so that an array is never there without it."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    content = buffer.getvalue()
    write_text(path.with_suffix(".sha256"), sha256_bytes(content))
    write_bytes(path, content)


def _read(path: Path) -> np.ndarray | None:
    content = _content(path)
    return None if content is None else np.load(io.BytesIO(content), allow_pickle=False)


def _content(path: Path) -> bytes | None:
    """The bytes of a file that are those which were written; None where they are not, or cannot be read."""
    try:
        content, digest = path.read_bytes(), path.with_suffix(".sha256").read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
    return content if sha256_bytes(content) == digest else None
