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
from trimtab.datasets.weights import counted_rows
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
    before: float32, shape (k,): what a bar before the series began says, scaled; None means zeros, the mean.
    """

    table: np.ndarray
    position: np.ndarray
    first: np.ndarray | None
    window: int
    target: np.ndarray
    weight: np.ndarray
    before: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.target)

    def rows(self, index: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs (m, k) or (m, window, k), target (m,) and weight (m,) of some samples."""
        # `torch.tensor` copies into memory aligned alike every time: sums over it are cut into the same pieces.
        return torch.tensor(self._inputs(index)), torch.tensor(self.target[index]), torch.tensor(self.weight[index])

    def fingerprint(self) -> str:
        """SHA-256 of everything a training reads."""
        first = np.zeros(0, np.int64) if self.first is None else self.first
        before = {} if self.before is None else {"before": self.before}
        arrays = {"position": self.position, "first": first, "target": self.target, "weight": self.weight}
        return fingerprint_arrays({"table": self.table, **arrays, **before})

    def _inputs(self, index: np.ndarray) -> np.ndarray:
        if self.first is None:
            return self.table[self.position[index]]
        before = np.zeros(self.table.shape[1], np.float32) if self.before is None else self.before
        return History(self.table, self.first, before).windows(self.position[index], self.window)


def maker_of_samples(scaling: InputScaling, outcome: Outcome, window: int) -> Callable[[Dataset], Samples]:
    """A function from dataset to samples; a history that two datasets share is scaled once.

    The function raises `DatasetError` when windows are wanted and the dataset has no history.
    """
    scaled: dict[int, History] = {}

    def make(dataset: Dataset) -> Samples:
        if window == 1:
            table, position, first, before = scaling.transform(dataset.features), np.arange(len(dataset)), None, None
        else:
            history, position = _history_of(dataset)
            if id(history) not in scaled:
                scaled[id(history)] = history.transformed(scaling.transform)
            own = scaled[id(history)]
            table, first, before = own.features, own.first, own.before
        target = outcome.to_network(dataset.target).astype(np.float32)
        weight = (dataset.weight / dataset.weight.mean()).astype(np.float32)
        return Samples(table, position, first, window, target, weight, before)

    return make


def early_stopping_parts(train: Dataset, validation: Dataset | None) -> tuple[Dataset, Dataset | None]:
    """What is trained on and what stops it: the given validation, or the last 15 % of the time, purged.

    Without a validation that leaves 30 samples on either side, all samples train and nothing stops them.
    """
    if validation is not None:
        weighted = counted_rows(validation)
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
