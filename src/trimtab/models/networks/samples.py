"""`Samples`: a dataset as mini-batches of scaled inputs; windows are cut batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from trimtab.datasets import Dataset
from trimtab.datasets.history import History
from trimtab.datasets.purging import last_part
from trimtab.errors import DatasetError, NotEnoughDataError
from trimtab.models.networks.outcome import Outcome
from trimtab.models.networks.scaling import InputScaling
from trimtab.storage.hashing import fingerprint_arrays

VALIDATION_SHARE = 0.15
FEWEST = 30  # samples on either side: a validation loss of fewer is mostly luck


@dataclass(frozen=True)
class Samples:
    """Samples of a dataset, ready for a network.

    Attributes
    ----------
    table: float32, shape (N, k): scaled rows, those of the samples or of the whole history.
    position: int64, shape (n,): the row of `table` each sample ends at.
    first: int64, shape (N,): the row at which the instrument of each row begins; None for a table model.
    window: how many rows an input holds.
    target, weight: float32, shape (n,); weights are 1.0 on average.
    """

    table: np.ndarray
    position: np.ndarray
    first: np.ndarray | None
    window: int
    target: np.ndarray
    weight: np.ndarray

    def __len__(self) -> int:
        return len(self.target)

    def rows(self, index: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs (m, k) or (m, window, k), target (m,) and weight (m,) of some samples."""
        # `torch.tensor` copies into memory aligned alike every time: sums over it are cut into the same pieces.
        return torch.tensor(self._inputs(index)), torch.tensor(self.target[index]), torch.tensor(self.weight[index])

    def fingerprint(self) -> str:
        """SHA-256 of everything a training reads."""
        first = np.zeros(0, np.int64) if self.first is None else self.first
        arrays = {"position": self.position, "first": first, "target": self.target, "weight": self.weight}
        return fingerprint_arrays({"table": self.table, **arrays})

    def _inputs(self, index: np.ndarray) -> np.ndarray:
        if self.first is None:
            return self.table[self.position[index]]
        windows = History(self.table, self.first).windows(self.position[index], self.window)
        windows[np.isnan(windows)] = 0.0  # rows before the series began count as missing
        return windows


def maker_of_samples(scaling: InputScaling, outcome: Outcome, window: int) -> Callable[[Dataset], Samples]:
    """A function from dataset to samples; a history that two datasets share is scaled once.

    The function raises `DatasetError` when windows are wanted and the dataset has no history.
    """
    scaled: dict[int, np.ndarray] = {}

    def make(dataset: Dataset) -> Samples:
        if window == 1:
            table, position, first = scaling.transform(dataset.features), np.arange(len(dataset)), None
        else:
            history, position = _history_of(dataset)
            if id(history) not in scaled:
                scaled[id(history)] = scaling.transform(history.features)
            table, first = scaled[id(history)], history.first
        target = outcome.to_network(dataset.target).astype(np.float32)
        weight = (dataset.weight / dataset.weight.mean()).astype(np.float32)
        return Samples(table, position, first, window, target, weight)

    return make


def early_stopping_parts(train: Dataset, validation: Dataset | None) -> tuple[Dataset, Dataset | None]:
    """What is trained on and what stops it: the given validation, or the last 15 % of the time, purged.

    Without a validation that leaves 30 samples on either side, all samples train and nothing stops them.
    """
    if validation is not None:
        weighted = validation.take(validation.weight > 0)
        return train, weighted if len(weighted) else None
    try:
        earlier, last = last_part(train, VALIDATION_SHARE)
    except NotEnoughDataError:
        return train, None
    if min(len(earlier), len(last)) < FEWEST:
        return train, None
    return train.take(earlier), train.take(last)


def _history_of(dataset: Dataset) -> tuple[History, np.ndarray]:
    if dataset.history is None or dataset.position is None:
        raise DatasetError(
            "this dataset has no history to cut windows from; build it for a model that asks for windows"
        )
    return dataset.history, dataset.position
