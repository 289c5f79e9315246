"""Checkpoints: the whole state of a training after each epoch, to go on from after a kill.

One file, named by the fingerprint of the training: the SHA-256 of the rest, then safetensors that hold the weights,
those of the best epoch, the optimizer's moments, and as a tensor of bytes a JSON text with the losses so far. It is
replaced in one step, so a kill leaves the old one or the new one.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as write_tensors
from torch import Tensor

from trimtab.models.networks.progress import Epoch, Progress, copied, copied_state
from trimtab.storage.atomic import write_bytes
from trimtab.storage.hashing import canonical_json, sha256_bytes

SUFFIX = ".checkpoint"
_DIGEST = 64  # hex digits of a SHA-256


class NoCheckpoint:
    """Nothing is kept."""

    def restore(self, module: torch.nn.Module, optimizer: torch.optim.Optimizer) -> Progress | None:
        """There is nothing to go on from."""
        return None

    def keep(self, module: torch.nn.Module, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
        """Nothing happens."""

    def remove(self) -> None:
        """Nothing happens."""


@dataclass(frozen=True)
class Checkpoint:
    """The file of one training in a folder, by the fingerprint of the training."""

    folder: Path
    fingerprint: str

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder / f"{self.fingerprint}{SUFFIX}"

    def keep(self, module: torch.nn.Module, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
        """Write the state as it is now, in one step."""
        noted = {
            "fingerprint": self.fingerprint,
            "best_epoch": progress.best_epoch,
            "history": [astuple(epoch) for epoch in progress.history],
        }
        tensors = {
            **_named("model.", copied_state(module)),
            **_named("best.", progress.best),
            **_optimizer_tensors(optimizer),
            "noted": torch.frombuffer(bytearray(canonical_json(noted).encode()), dtype=torch.uint8),
        }
        content = write_tensors(tensors)
        write_bytes(self.path, sha256_bytes(content).encode() + content)

    def restore(self, module: torch.nn.Module, optimizer: torch.optim.Optimizer) -> Progress | None:
        """Put the state back into module and optimizer; None (with a warning, where there is a file) to start anew."""
        if not self.path.exists():
            return None
        try:
            tensors, noted = self._read()
            progress = _progress(tensors, noted)
            _restore_optimizer(optimizer, tensors)
            module.load_state_dict(_unnamed("model.", tensors))
            return progress
        except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).partition("\n")[0]
            warnings.warn(
                f"the checkpoint {self.path.name} is not usable ({reason}); training starts anew", stacklevel=2
            )
            return None

    def remove(self) -> None:
        """The training is over."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        raw = self.path.read_bytes()
        if sha256_bytes(raw[_DIGEST:]).encode() != raw[:_DIGEST]:
            raise ValueError("its bytes are damaged")
        tensors = read_tensors(raw[_DIGEST:])
        noted = json.loads(bytes(tensors.pop("noted").tolist()))
        if noted["fingerprint"] != self.fingerprint:
            raise ValueError("it belongs to another training")
        return tensors, noted


def _progress(tensors: dict[str, Tensor], noted: dict[str, Any]) -> Progress:
    history = [Epoch(*values) for values in noted["history"]]
    return Progress(history, _unnamed("best.", tensors), int(noted["best_epoch"]))


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    state = optimizer.state_dict()["state"]
    return {f"optimizer.{i}.{name}": copied(value) for i, kept in state.items() for name, value in kept.items()}


def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in _unnamed("optimizer.", tensors).items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = value
    # The groups hold settings, which are those of this training already.
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _named(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in tensors.items()}


def _unnamed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
