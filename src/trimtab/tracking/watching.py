"""`TrackedWatch`: the steps of a training, told to a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.models.watch import UNWATCHED, Watch
from trimtab.tracking.protocol import Run, UntrackedRun


@dataclass(frozen=True)
class TrackedWatch:
    """A `trimtab.models.watch.Watch` that records every step of a training as it happens.

    >>> TrackedWatch(UntrackedRun()).step(1, 10, {"train_loss": 0.69})
    """

    run: Run

    def step(self, number: int, total: int | None, values: Mapping[str, float]) -> None:
        """Record the values of step `number` of `total`; without values only that it is done."""
        self.run.metrics(values, step=number, total=total)


def watch_of(run: Run) -> Watch:
    """Who watches a training for a run: nobody where the run is not recorded, which costs nothing.

    >>> watch_of(UntrackedRun()) is UNWATCHED
    True
    """
    return UNWATCHED if isinstance(run, UntrackedRun) else TrackedWatch(run)
