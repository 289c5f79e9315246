"""Rows for the network trainer, and watchers that note or die."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from fakes.dying import Died
from torch import Tensor

from trimtab.models.networks.determinism import reproducible, seed_torch


@dataclass(frozen=True)
class Rows:
    """Rows in memory; `asked` notes which were gathered, call by call."""

    inputs: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    asked: list[list[int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.target)

    def rows(self, index: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        self.asked.append(index.tolist())
        return tuple(
            torch.tensor(array[index], dtype=torch.float32) for array in (self.inputs, self.target, self.weight)
        )


def make_rows(n: int = 200, k: int = 3, seed: int = 0) -> Rows:
    """Targets that lean on the first column, with noise and unequal weights."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n, k))
    return Rows(inputs, inputs[:, 0] + 0.3 * rng.standard_normal(n) + 0.5, rng.uniform(0.5, 1.5, n))


def small_network(k: int = 3, dropout: float = 0.3, seed: int = 0) -> torch.nn.Module:
    """The same weights every time."""
    with reproducible():
        seed_torch(seed)
        return torch.nn.Sequential(
            torch.nn.Linear(k, 4),
            torch.nn.ReLU(),
            torch.nn.Dropout(dropout),
            torch.nn.Linear(4, 1),
            torch.nn.Flatten(0),
        )


@dataclass
class Noting:
    """Notes every step."""

    steps: list[tuple[int, int | None, dict[str, float]]] = field(default_factory=list)

    def step(self, number: int, total: int | None, values: Mapping[str, float]) -> None:
        self.steps.append((number, total, dict(values)))


@dataclass(frozen=True)
class DyingAt:
    """Dies when an epoch is told."""

    epoch: int

    def step(self, number: int, total: int | None, values: Mapping[str, float]) -> None:
        if number == self.epoch:
            raise Died(f"epoch {number}")
