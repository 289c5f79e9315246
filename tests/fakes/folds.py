"""Folds without a splitter: thirds of the rows, one judged and the others learnt from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rows:
    """Row positions of one fold."""

    train: np.ndarray
    test: np.ndarray


def thirds(n: int) -> list[Rows]:
    parts = np.array_split(np.arange(n), 3)
    return [Rows(np.concatenate([p for p in parts if p is not part]), part) for part in parts]
