"""The training loop of every network: mini-batches, schedule, clipping, early stopping, checkpoints.

What happens in an epoch depends on the seed, the number of the epoch and the weights before it, on nothing
else: so a training that was killed goes on from its last checkpoint and ends with the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from trimtab.errors import ConfigurationError
from trimtab.models.networks.checkpoints import Checkpoint, NoCheckpoint
from trimtab.models.networks.determinism import chosen_device, reproducible, seed_torch
from trimtab.models.networks.progress import Epoch, Progress
from trimtab.models.protocol import FitContext
from trimtab.storage.hashing import fingerprint_json

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(output, target, weight) of a mini-batch -> the mean over its rows of weight times loss, a scalar."""

Schedule = Literal["constant", "cosine", "plateau"]


class Batches(Protocol):
    """Rows to learn from, gathered one mini-batch at a time."""

    def __len__(self) -> int:
        """How many rows there are."""
        ...

    def rows(self, index: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs, target and weight of some rows (int positions), each with the rows first."""
        ...


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

    Attributes
    ----------
    epochs: passes over the rows, at most.
    batch_size: rows per step, at most: an epoch is cut into equal mini-batches.
    learning_rate, weight_decay: of AdamW (Loshchilov and Hutter 2019).
    schedule: the learning rate over the epochs: constant; cosine, from the full rate to none; plateau, halved
        after each third of `patience` without a better validation loss.
    clip_norm: gradients longer than this (all together, Euclidean) are scaled down to it.
    patience: epochs without a better validation loss after which training ends.
    """

    epochs: int = 30
    batch_size: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    schedule: Schedule = "cosine"
    clip_norm: float = 1.0
    patience: int = 6


@dataclass(frozen=True)
class Trained:
    """What a training ended with.

    Attributes
    ----------
    state: the weights of the best epoch by name, on the CPU.
    best_epoch: its number, from 1; the last one where there was no validation.
    history: the losses and the learning rate of every epoch.
    """

    state: dict[str, Tensor]
    best_epoch: int
    history: list[Epoch] = field(default_factory=list)


def train(
    module: torch.nn.Module,
    train: Batches,
    validation: Batches | None,
    loss: Loss,
    settings: TrainingSettings,
    context: FitContext,
    fingerprint: str,
) -> Trained:
    """Train a module; its weights of the best epoch come back, the module itself is left with the last ones.

    `fingerprint` names the data and the parameters: with `context.checkpoints`, an interrupted training of the
    same fingerprint, settings and seed is continued. `context.watch` is told about every epoch, those done
    before an interruption first. The module should have been initialised inside `reproducible`.
    Raises `ConfigurationError` when the loss is no number from the first epoch on, or for CUDA that is absent.
    """
    device = chosen_device(context.device)
    with reproducible(device):
        module.to(device)
        optimizer = torch.optim.AdamW(
            module.parameters(), settings.learning_rate, weight_decay=settings.weight_decay, foreach=False
        )
        checkpoint = _checkpoint(module, settings, context, fingerprint, device)
        progress = checkpoint.restore(module, optimizer) or Progress()
        for epoch in progress.history:
            _tell(context, epoch, settings.epochs)
        while not _is_done(progress, settings, validation is not None):
            epoch = _epoch(module, optimizer, train, validation, loss, settings, context.seed, progress, device)
            progress.add(epoch, module)
            checkpoint.keep(module, optimizer, progress)
            _tell(context, epoch, settings.epochs)
        checkpoint.remove()
    return _trained(progress, settings)


def learning_rate(settings: TrainingSettings, history: list[Epoch]) -> float:
    """The rate of the next epoch: a function of what has been, so that a schedule keeps no state.

    >>> learning_rate(TrainingSettings(epochs=10, learning_rate=0.1, schedule="cosine"), [])
    0.1
    """
    if settings.schedule == "cosine":
        return settings.learning_rate * 0.5 * (1.0 + math.cos(math.pi * len(history) / settings.epochs))
    if settings.schedule == "plateau":
        return settings.learning_rate * 0.5 ** _plateaus(history, max(settings.patience // 3, 1))
    return settings.learning_rate


def _plateaus(history: list[Epoch], length: int) -> int:
    """How often `length` epochs in a row brought no better loss (the validation loss, or else the training loss)."""
    best, waited, found = math.inf, 0, 0
    for epoch in history:
        judged = epoch.train_loss if epoch.validation_loss is None else epoch.validation_loss
        waited = 0 if judged < best else waited + 1
        best = min(best, judged)
        if waited == length:
            found, waited = found + 1, 0
    return found


def _epoch(
    module: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    train: Batches,
    validation: Batches | None,
    loss: Loss,
    settings: TrainingSettings,
    seed: int,
    progress: Progress,
    device: torch.device,
) -> Epoch:
    """One pass over the rows, then the validation loss."""
    number, rate = len(progress.history) + 1, learning_rate(settings, progress.history)
    for group in optimizer.param_groups:
        group["lr"] = rate
    order = np.random.default_rng([seed, number]).permutation(len(train))
    module.train()
    total = 0.0
    for step, index in enumerate(_pieces(order, settings.batch_size)):
        seed_torch(seed, number, step)  # dropout
        value = _batch_loss(module, train, index, loss, device)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), settings.clip_norm)
        optimizer.step()
        total += value.item() * len(index)
    judged = None if validation is None else mean_loss(module, validation, loss, settings.batch_size, device)
    return Epoch(number, total / len(train), judged, rate)


@torch.inference_mode()
def mean_loss(
    module: torch.nn.Module, batches: Batches, loss: Loss, batch_size: int, device: torch.device | None = None
) -> float:
    """The loss over all rows, without dropout."""
    module.eval()
    pieces = _pieces(np.arange(len(batches)), batch_size)
    total = sum(_batch_loss(module, batches, index, loss, device).item() * len(index) for index in pieces)
    return float(total / len(batches))


def _batch_loss(
    module: torch.nn.Module, batches: Batches, index: np.ndarray, loss: Loss, device: torch.device | None
) -> Tensor:
    inputs, target, weight = (tensor.to(device) for tensor in batches.rows(index))
    return loss(module(inputs), target, weight)


def _pieces(order: np.ndarray, size: int) -> list[np.ndarray]:
    """Mini-batches of about equal size: a last one of a single row would be a step in a random direction."""
    return np.array_split(order, max(math.ceil(len(order) / size), 1))


def _is_done(progress: Progress, settings: TrainingSettings, has_validation: bool) -> bool:
    waited = len(progress.history) - progress.best_epoch
    return (
        len(progress.history) >= settings.epochs
        or progress.has_diverged
        or (has_validation and waited >= settings.patience)
    )


def _trained(progress: Progress, settings: TrainingSettings) -> Trained:
    if not progress.best_epoch:
        raise ConfigurationError(
            f"the training loss is {progress.history[-1].train_loss} after the first epoch; "
            f"lower learning_rate (now {settings.learning_rate:g}) or clip_norm (now {settings.clip_norm:g})"
        )
    return Trained(progress.best, progress.best_epoch, progress.history)


def _checkpoint(
    module: torch.nn.Module, settings: TrainingSettings, context: FitContext, fingerprint: str, device: torch.device
) -> Checkpoint | NoCheckpoint:
    if context.checkpoints is None:
        return NoCheckpoint()
    told = {
        "fingerprint": fingerprint,
        "settings": asdict(settings),
        "seed": context.seed,
        "module": repr(module),
        "shapes": {name: list(tensor.shape) for name, tensor in module.state_dict().items()},
        "device": device.type,
        "torch": torch.__version__,  # another version rounds differently: half of each would be neither
    }
    return Checkpoint(context.checkpoints, fingerprint_json(told))


def _tell(context: FitContext, epoch: Epoch, epochs: int) -> None:
    values = {"train_loss": epoch.train_loss, "learning_rate": epoch.learning_rate}
    if epoch.validation_loss is not None:
        values["validation_loss"] = epoch.validation_loss
    context.watch.step(epoch.number, epochs, values)
