"""A fold whose training part lies before its test part, as it does live."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import islice

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.purging import forward_margins
from trimtab.errors import ConfigurationError
from trimtab.validation.folds import MAX_FOLDS, Fold, make_fold

Window = tuple[int, int, int]  # first training, first test and end position among the distinct decision times


def forward_fold(dataset: Dataset, name: str, test: np.ndarray, candidates: np.ndarray, embargo: timedelta) -> Fold:
    """Of the `candidates` those may train whose label was realised by the first test decision, less the embargo."""
    purged, embargoed = forward_margins(dataset, test, embargo)
    return make_fold(dataset, name, test=test, candidates=candidates, purged=purged, embargoed=embargoed)


def between(position: np.ndarray, start: int, end: int) -> np.ndarray:
    """Mask of the samples whose decision time has a position in [start, end)."""
    return np.asarray((position >= start) & (position < end))


def at_most(windows: Iterable[Window]) -> list[Window]:
    """The windows; more than 5,000 raise `ConfigurationError`, since each is a training."""
    found = list(islice(windows, MAX_FOLDS + 1))
    if len(found) > MAX_FOLDS:
        raise ConfigurationError(f"these sizes make more than {MAX_FOLDS:,} folds; use a larger step")
    return found


def forward_folds(dataset: Dataset, position: np.ndarray, windows: Iterable[Window], embargo: timedelta) -> list[Fold]:
    """A fold per window, named in order; `position` is that of each sample's decision time."""
    return [
        forward_fold(dataset, f"fold_{number}", between(position, start, end), between(position, first, start), embargo)
        for number, (first, start, end) in enumerate(windows, 1)
    ]
