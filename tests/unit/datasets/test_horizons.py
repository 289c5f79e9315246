"""Several horizons in one dataset: each as if it were alone, and none of them in another's way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.samples import samples

from trimtab.datasets import Dataset
from trimtab.datasets.build import build_dataset
from trimtab.errors import NotEnoughDataError

FURTHER = (1, 15)
NAMES = ("target", "weight", "label_start", "label_end", "baseline", "decision_time", "event_time", "instrument")


def of(horizon: int, *further: int, kind: str = "direction") -> Dataset:
    return build_dataset([samples(name, seed=seed, horizon=horizon, further=further, kind=kind) for name, seed in WHO])


def keys(dataset: Dataset) -> np.ndarray:
    """A number per sample: its instrument and its bar."""
    found: np.ndarray = dataset.event_time.astype(np.int64) * 10 + dataset.instrument
    return found


WHO = (("AAA", 1), ("BBB", 2))


@pytest.mark.parametrize("kind", ["direction", "forward_return", "triple_barrier"])
@pytest.mark.parametrize("horizon", [3, 1, 15])
def test_each_horizon_is_what_it_would_be_alone(kind: str, horizon: int) -> None:
    together, alone = of(3, *FURTHER, kind=kind).at(horizon), of(horizon, kind=kind)
    common = np.isin(keys(alone), keys(together))  # samples are those of the first horizon
    alone = alone.take(common)
    assert len(alone) == len(together) > 300
    np.testing.assert_array_equal(together.features, alone.features)
    for name in NAMES:
        if name != "weight":  # how unique a label is depends on which bars are samples
            np.testing.assert_array_equal(getattr(together, name), getattr(alone, name))
    if common.all():
        np.testing.assert_array_equal(together.weight, alone.weight)


def test_one_horizon_alone_has_nothing_by_horizon() -> None:
    assert of(3).by_horizon == () and of(3).horizons == (3,)


def test_the_first_horizon_leads_and_a_missing_label_of_another_weighs_nothing() -> None:
    dataset = of(3, *FURTHER)
    first, _, last = dataset.by_horizon
    assert dataset.horizons == (3, 1, 15) and dataset.horizon == 3
    for name in ("target", "weight", "baseline"):
        np.testing.assert_array_equal(getattr(dataset, name), getattr(first, name))
    unknown = np.isnan(last.target)
    assert 0 < unknown.sum() < 40
    assert (last.weight[unknown] == 0).all() and (last.weight[~unknown] > 0).all()
    assert last.weight[~unknown].mean() == pytest.approx(1.0)
    assert np.isnat(last.label_end[unknown]).all() and np.isnat(last.label_start[unknown]).all()


def test_the_interval_of_a_sample_spans_all_its_labels() -> None:
    dataset = of(3, *FURTHER)
    ends = np.stack([labels.label_end for labels in dataset.by_horizon])
    for row in range(len(dataset)):
        known = ends[:, row][~np.isnat(ends[:, row])]
        assert dataset.label_end[row] == known.max()
    assert not np.isnat(dataset.label_end).any()
    np.testing.assert_array_equal(dataset.label_start, dataset.decision_time)


def test_a_horizon_that_does_not_fit_the_history_is_named() -> None:
    with pytest.raises(
        NotEnoughDataError, match=r"0 samples have a label over 190 bars, .* has 200 bars; load a longer"
    ):
        of(3, 190)


def test_a_label_without_a_naive_forecast_is_none() -> None:
    part = samples("AAA", horizon=1, further=(30,))
    part.features.values[:20] = 0.0  # no look-back, so that bars from before the first forecast over 30 are samples
    dataset = build_dataset([part])
    long = dataset.by_horizon[1]
    early = dataset.event_time < part.features.event_time[30]
    assert early.any() and np.isnan(long.baseline[early]).all() and np.isnan(long.target[early]).all()
    assert (long.weight[early] == 0).all()


def test_a_history_holds_every_bar_and_each_sample_ends_at_its_own() -> None:
    parts = [samples(name, seed=seed) for name, seed in WHO]
    dataset = build_dataset(parts, with_history=True)
    assert dataset.history is not None and dataset.position is not None
    assert dataset.history.features.shape == (400, 4) and dataset.history.features.flags.c_contiguous
    np.testing.assert_array_equal(dataset.history.features[dataset.position], dataset.features)
    windows = dataset.windows(5)
    for row in (0, 1, 77, len(dataset) - 1):
        part = parts[dataset.instrument[row]].features
        at = int(np.searchsorted(part.event_time, dataset.event_time[row]))
        np.testing.assert_array_equal(windows[row], part.values[at - 4 : at + 1])
    plain = build_dataset(parts)
    assert plain.history is None
    np.testing.assert_array_equal(plain.features, dataset.features)


def test_no_window_holds_a_row_that_was_not_known_at_its_decision() -> None:
    part = samples("AAA")
    known = part.features.known_time.copy()
    known[60] = known[65] + np.timedelta64(1, "h").astype("timedelta64[us]")  # came after five more bars
    dataset = build_dataset([replace(part, features=replace(part.features, known_time=known))], with_history=True)
    windows = dataset.windows(10)
    late = part.features.values[60]
    seen = (windows == late).all(axis=2).any(axis=1)
    assert (dataset.decision_time[seen] >= known[60]).all() and seen.sum() == 9  # the late bar itself is no sample
