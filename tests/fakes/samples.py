"""What one series brings to a dataset, for tests: random features over a random walk."""

from __future__ import annotations

import numpy as np
from fakes.bars import random_walk

from trimtab.config.strategy import Label
from trimtab.datasets.series_samples import SeriesSamples
from trimtab.features.engine import FeatureBlock
from trimtab.labels.compute import compute_labels


def samples(
    instrument: str,
    n: int = 200,
    seed: int = 0,
    horizon: int = 3,
    further: tuple[int, ...] = (),
    kind: str = "direction",
) -> SeriesSamples:
    """`further` are more horizons beside the first one."""
    bars = random_walk(n, seed, instrument)
    values = np.asfortranarray(np.random.default_rng(seed).normal(size=(n, 4)))
    values[:20] = np.nan  # look-back
    block = FeatureBlock(bars.series, bars.event_time, bars.known_time, ("a", "b", "c", "d"), values)
    label = Label.model_validate({"kind": kind, "horizons": (horizon, *further), "volatility_window": 5})
    return SeriesSamples(block, compute_labels(bars, label))
