"""`Fold`: which samples train and which judge, and what was left out between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from trimtab.datasets import Dataset
from trimtab.errors import NotEnoughDataError

MIN_SAMPLES = 100
MAX_FOLDS = 5_000  # each is a training; a number above it is a mistake rather than a wish


@dataclass(frozen=True)
class Fold:
    """One cut of a dataset; both parts are row positions in that dataset.

    Attributes
    ----------
    name: stable within a split, such as "fold_1".
    train, test: int64 row positions, strictly increasing, without a common row.
    n_purged: rows left out because their label was not realised in time.
    n_embargoed: rows left out only because of the embargo.
    train_start, train_end: first and last decision time of the training part, datetime64[us], UTC.
    test_start, test_end: first and last decision time of the test part, datetime64[us], UTC.
    """

    name: str
    train: np.ndarray
    test: np.ndarray
    n_purged: int
    n_embargoed: int
    train_start: np.datetime64
    train_end: np.datetime64
    test_start: np.datetime64
    test_end: np.datetime64


class Splitter(Protocol):
    """Cuts a dataset into folds; the same dataset always gives the same folds."""

    def split(self, dataset: Dataset) -> list[Fold]:
        """Folds in order of test time; too little data raises `NotEnoughDataError`."""
        ...


def make_fold(
    dataset: Dataset, name: str, *, test: np.ndarray, candidates: np.ndarray, purged: np.ndarray, embargoed: np.ndarray
) -> Fold:
    """Build a fold from masks over the rows: `candidates` for training less `purged` and `embargoed`.

    Raises `NotEnoughDataError` when nothing is left to train on or to judge.
    """
    train_rows = np.flatnonzero(candidates & ~purged & ~embargoed).astype(np.int64)
    test_rows = np.flatnonzero(test).astype(np.int64)
    n_purged = int((candidates & purged).sum())
    n_embargoed = int((candidates & embargoed & ~purged).sum())
    if not len(train_rows) or not len(test_rows):
        shorter = "a shorter embargo, " if n_embargoed else ""
        raise NotEnoughDataError(
            f"{name} has {len(train_rows)} training and {len(test_rows)} test samples after {n_purged} were purged "
            f"and {n_embargoed} embargoed; use {shorter}fewer folds, larger shares, a shorter horizon or more data"
        )
    times = dataset.decision_time
    return Fold(
        name=name,
        train=train_rows,
        test=test_rows,
        n_purged=n_purged,
        n_embargoed=n_embargoed,
        train_start=times[train_rows[0]],
        train_end=times[train_rows[-1]],
        test_start=times[test_rows[0]],
        test_end=times[test_rows[-1]],
    )


def require_samples(dataset: Dataset, minimum: int = MIN_SAMPLES) -> None:
    """Raise `NotEnoughDataError` naming both numbers when a dataset is too small to be judged on."""
    if len(dataset) < minimum:
        raise NotEnoughDataError(
            f"the dataset has {len(dataset)} samples, validation needs at least {minimum}; "
            "add history or instruments, or shorten look-backs and horizon"
        )
