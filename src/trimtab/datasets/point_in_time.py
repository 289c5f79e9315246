"""What one series brings to a dataset, with nothing in it that was not known at its time."""

from __future__ import annotations

from datetime import datetime

from trimtab.bars.views import BarHistory
from trimtab.config.strategy import DatasetRules, Label
from trimtab.datasets.series_samples import SeriesSamples
from trimtab.datasets.superseded import superseded_times
from trimtab.features.engine import FeatureBlock
from trimtab.labels.point_in_time import compute_labels_point_in_time


def samples_point_in_time(
    store: BarHistory, features: FeatureBlock, label: Label, rules: DatasetRules, as_of: datetime | None = None
) -> SeriesSamples:
    """Feature rows of one series with their labels, and with when they were superseded where the rules ask.

    `as_of` limits everything to what was known at that time, None means all that is known now; the features must
    have been computed as of the same time.
    """
    labels = compute_labels_point_in_time(store, features.series, label, as_of)
    asked = rules.superseded_weight < 1.0
    return SeriesSamples(features, labels, superseded_times(store, features, labels, label, as_of) if asked else ())
