"""A model inside a model: a folder per inner model, for its files (a prefix of their names) and its training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from trimtab.models.protocol import FitContext
from trimtab.models.watch import UNWATCHED, Watch


def nested(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of an inner model under a folder.

    >>> nested("member_0", {"model.json": b"{}"})
    {'member_0/model.json': b'{}'}
    """
    return {f"{folder}/{name}": content for name, content in files.items()}


def inner_files(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files under a folder, without its name."""
    prefix = f"{folder}/"
    return {name.removeprefix(prefix): content for name, content in files.items() if name.startswith(prefix)}


@dataclass(frozen=True)
class InnerWatch:
    """Tells whoever watches the outer training whose step it is: `train_loss` becomes `member_0.train_loss`."""

    outer: Watch
    name: str

    def step(self, number: int, total: int | None, values: Mapping[str, float]) -> None:
        """Pass the step on, its values under the name of the inner model."""
        self.outer.step(number, total, {f"{self.name}.{key}": value for key, value in values.items()})


def inner_context(
    context: FitContext,
    folder: str,
    *,
    seed: int | None = None,
    n_threads: int | None = None,
    is_watched: bool = True,
) -> FitContext:
    """What the training of an inner model may use: checkpoints in a folder of its own, steps under its name.

    Seed and threads are the outer ones where none are given.
    """
    is_watched = is_watched and context.watch is not UNWATCHED
    return replace(
        context,
        seed=context.seed if seed is None else seed,
        n_threads=n_threads or context.n_threads,
        checkpoints=None if context.checkpoints is None else context.checkpoints / folder,
        watch=InnerWatch(context.watch, folder) if is_watched else UNWATCHED,
    )
