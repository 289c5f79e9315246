"""Which samples must not train for a test: purge by label interval, embargo by time.

Two rules, both read from the label intervals of the dataset (a horizon is never typed again):

- **Forward** (walk-forward, early stopping): training lies before the test, as it does live. A sample
  may train when its label was realised by the time of the first test decision, `label_end <= t`: a
  label that ends exactly then has been seen by whoever trains at t. It must also have ended by the
  start of the first test label, so that no price move is in both.
- **Around** (k-fold, stacking, calibration): training lies on both sides, which never happens live, so the
  rule is stricter: closed intervals, a shared end point is an overlap (López de Prado 2018, chapter 7). The
  embargo keeps training away from the time just after the test, whose features still look back into it.

Cuts lie between distinct decision times, so a session of many instruments is never split.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import numpy as np

from trimtab.datasets.schema import Dataset
from trimtab.errors import ConfigurationError, NotEnoughDataError

# 0.6 + 4 * 0.1 is a hair below 1.0 in floating point; shares this close to a boundary reach it.
ROUNDING = 1e-9


def positions(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """For each sample the position of its decision time among the distinct ones, and those times."""
    times, position = np.unique(dataset.decision_time, return_inverse=True)
    return position, times


def forward_margins(dataset: Dataset, test: np.ndarray, embargo: timedelta) -> tuple[np.ndarray, np.ndarray]:
    """Masks of samples that are too late to train before a test part: purged, and within the embargo."""
    realised_by = min(dataset.decision_time[test].min(), dataset.label_start[test].min())
    return dataset.label_end > realised_by, dataset.label_end > realised_by - np.timedelta64(embargo, "us")


def margins_around(dataset: Dataset, test: np.ndarray, embargo: timedelta) -> tuple[np.ndarray, np.ndarray]:
    """Masks of samples whose label touches the labels of a test part, and of those that start shortly after."""
    first, last = dataset.label_start[test].min(), dataset.label_end[test].max()
    overlaps = (dataset.label_start <= last) & (dataset.label_end >= first)
    shortly_after = (dataset.label_start > last) & (dataset.label_start <= last + np.timedelta64(embargo, "us"))
    return overlaps, shortly_after


def is_in_last_share(dataset: Dataset, share: float) -> np.ndarray:
    """Mask of the samples in the last `share` of the decision times; `NotEnoughDataError` when there is none."""
    if not 0.0 < share < 1.0:
        raise ConfigurationError(f"share is {share}; it must lie between 0 and 1")
    position, times = positions(dataset)
    last: np.ndarray = position >= len(times) - int(share * len(times) + ROUNDING * len(times))
    if not last.any():
        raise NotEnoughDataError(f"{share:.0%} of {len(times)} decision times is less than one; use a larger share")
    return last


def purged_parts(
    dataset: Dataset, n_parts: int, embargo: timedelta = timedelta(0)
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Contiguous parts of time, each with the rows that may train for it: (train, test) row positions.

    Every sample is in exactly one test part, so forecasts of the parts are out of sample for all. Raises
    `NotEnoughDataError` when a part would be empty or nothing is left to train for it.
    """
    position, times = positions(dataset)
    edges = np.arange(n_parts + 1) * len(times) // n_parts
    parts = []
    for number, (start, end) in enumerate(pairwise(edges), 1):
        test = (position >= start) & (position < end)
        if not test.any():
            raise NotEnoughDataError(
                f"part {number} of {n_parts} would be empty: there are {len(times)} decision times; use fewer parts"
            )
        purged, embargoed = margins_around(dataset, test, embargo)
        train = ~test & ~purged & ~embargoed
        if not train.any():
            raise NotEnoughDataError(
                f"nothing is left to train for part {number} of {n_parts} after purging; "
                f"use {_shorter(embargo)}more parts or more data"
            )
        parts.append((np.flatnonzero(train), np.flatnonzero(test)))
    return parts


def last_part(dataset: Dataset, share: float, embargo: timedelta = timedelta(0)) -> tuple[np.ndarray, np.ndarray]:
    """The last `share` of the time and what may train before it: (train, last) row positions.

    Raises `NotEnoughDataError` when either side is empty.
    """
    last = is_in_last_share(dataset, share)
    purged, embargoed = forward_margins(dataset, last, embargo)
    train = ~last & ~purged & ~embargoed
    if not train.any():
        raise NotEnoughDataError(
            f"nothing is left to train before the last {share:.0%} of the time after purging; "
            f"use {_shorter(embargo)}a smaller share or more data"
        )
    return np.flatnonzero(train), np.flatnonzero(last)


def _shorter(embargo: timedelta) -> str:
    """The advice that comes first where there is an embargo to shorten."""
    return "a shorter embargo, " if embargo else ""
