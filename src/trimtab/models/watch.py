"""Watching a training: every step told as it happens, and a watcher that looks away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Watch(Protocol):
    """Who wants to know how a training goes."""

    def step(self, number: int, total: int | None, values: Mapping[str, float]) -> None:
        """Step `number` (from 1) of `total` is done; `values` by name, such as `train_loss`, `validation_loss`."""
        ...


class Unwatched:
    """Nobody looks."""

    def step(self, number: int, total: int | None, values: Mapping[str, float]) -> None:
        """Nothing happens."""


UNWATCHED = Unwatched()
