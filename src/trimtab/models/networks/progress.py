"""`Progress`: how far a training has come, and its best weights so far."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class Epoch:
    """One pass over the training rows.

    Attributes
    ----------
    number: from 1.
    train_loss: mean over the epoch, dropout on, weights changing meanwhile.
    validation_loss: after the epoch, dropout off; None without validation rows.
    learning_rate: what the epoch was trained with.
    """

    number: int
    train_loss: float
    validation_loss: float | None
    learning_rate: float

    @property
    def is_finite(self) -> bool:
        """Whether every loss is a number."""
        return math.isfinite(self.train_loss) and math.isfinite(self.validation_loss or 0.0)


@dataclass
class Progress:
    """What a training has done so far; `best_epoch` is 0 and `best` empty before a first usable epoch."""

    history: list[Epoch] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_epoch: int = 0

    def add(self, epoch: Epoch, module: torch.nn.Module) -> None:
        """Take note of an epoch; the weights are copied when they are the best (without validation: the latest)."""
        if epoch.is_finite and (self.best_epoch == 0 or epoch.validation_loss is None or self._is_better(epoch)):
            self.best, self.best_epoch = copied_state(module), epoch.number
        self.history.append(epoch)

    @property
    def has_diverged(self) -> bool:
        """Whether the last loss is no number: nothing good comes after it."""
        return bool(self.history) and not self.history[-1].is_finite

    def _is_better(self, epoch: Epoch) -> bool:
        best = self.history[self.best_epoch - 1].validation_loss
        return best is None or epoch.validation_loss is None or epoch.validation_loss < best


def copied_state(module: torch.nn.Module) -> dict[str, Tensor]:
    """The weights and buffers of a module by name, on the CPU, sharing no memory with it."""
    return {name: copied(tensor) for name, tensor in module.state_dict().items()}


def copied(tensor: Tensor) -> Tensor:
    """A tensor on the CPU in memory of its own."""
    return tensor.detach().to("cpu", copy=True).contiguous()
