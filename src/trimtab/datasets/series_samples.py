"""`SeriesSamples`: what one series brings to a dataset, and when its labels were realised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.features.engine import FeatureBlock
from trimtab.labels import LabelBlock


@dataclass(frozen=True)
class SeriesSamples:
    """Features and labels of one series over the same n bars, both point in time.

    Attributes
    ----------
    features: the feature rows.
    labels: one block per horizon, in the order of the strategy file; the first one decides which bars are samples.
    superseded: per horizon when a bar that a row had read was first restated, datetime64[us], shape (n,), NaT for
        never; empty where nobody asked.
    """

    features: FeatureBlock
    labels: tuple[LabelBlock, ...]
    superseded: tuple[np.ndarray, ...] = ()


def last_rows(features: FeatureBlock, labels: LabelBlock) -> np.ndarray:
    """The row of the last bar each label looks at; int, shape (n,), without meaning where the end is NaT."""
    last_opens = labels.label_end - (labels.label_start - labels.event_time)
    return np.minimum(np.searchsorted(features.event_time, last_opens), len(features) - 1)


def realised_times(features: FeatureBlock, labels: LabelBlock) -> np.ndarray:
    """When each label could be known: the end of what it looks at, or when the last bar in it was known; NaT if never."""
    known = np.maximum(labels.label_end, features.known_time[last_rows(features, labels)])
    return np.where(np.isnat(labels.label_end), labels.label_end, known)
