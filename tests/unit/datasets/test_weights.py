"""Uniqueness beside a plain count, recency beside its formula, and both as a dataset multiplies them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.datasets import make_dataset
from fakes.samples import samples
from hypothesis import given
from hypothesis import strategies as st

from trimtab.bars import Bars
from trimtab.config.strategy import DatasetRules, Label
from trimtab.datasets import Dataset
from trimtab.datasets.build import build_dataset
from trimtab.datasets.series_samples import SeriesSamples, last_rows
from trimtab.datasets.weights import average_uniqueness, counted_rows, mean_one, recency
from trimtab.errors import DatasetError
from trimtab.features.engine import FeatureBlock
from trimtab.labels.compute import compute_labels

SPANS = st.dictionaries(st.integers(0, 40), st.integers(1, 15), min_size=1)  # bars each label covers, by its bar


def counted(bar: list[int], last: list[int]) -> list[float]:
    """Uniqueness bar by bar, label by label."""
    spans = list(zip(bar, last, strict=True))
    return [float(np.mean([1 / sum(b < t <= e for b, e in spans) for t in range(b + 1, e + 1)])) for b, e in spans]


@given(SPANS)
def test_uniqueness_equals_a_plain_count_of_labels_of_any_length(spans: dict[int, int]) -> None:
    bar = sorted(spans)
    last = [each + spans[each] for each in bar]
    np.testing.assert_allclose(average_uniqueness(np.array(bar), np.array(last)), counted(bar, last), rtol=1e-12)


def test_no_label_has_no_weight() -> None:
    assert len(average_uniqueness(np.empty(0, int), np.empty(0, int))) == 0


def test_a_label_that_touched_early_is_more_unique_than_one_that_waited() -> None:
    part = samples("AAA", horizon=12, kind="triple_barrier")
    dataset, labels = build_dataset([part]), part.labels[0]
    rows = np.searchsorted(part.features.event_time, dataset.event_time)
    last = last_rows(part.features, labels)
    assert len(np.unique(last[rows] - rows)) > 5  # ends of many lengths
    is_open = np.isnat(labels.label_end) & (np.arange(200) > 100)  # the first bars have no label at all
    covering = np.flatnonzero((~np.isnat(labels.label_end) | is_open) & (np.arange(200) < 199))  # samples or not
    found = np.full(200, np.nan)
    found[covering] = counted(covering.tolist(), np.where(is_open, 199, last)[covering].tolist())
    np.testing.assert_allclose(dataset.weight, found[rows] / found[rows].mean(), rtol=1e-12)
    np.testing.assert_array_equal(labels.label_start[last[rows]], dataset.label_end)


@pytest.mark.parametrize(
    ("kind", "band"), [("direction", 0.0), ("direction", 0.01), ("triple_barrier", 0.0), ("volatility_regime", 0.0)]
)
def test_a_dataset_built_earlier_has_the_same_proportions_of_weights(kind: str, band: float) -> None:
    bars = random_walk(400, seed=0)
    label = Label.model_validate({"kind": kind, "horizons": (8,), "neutral_band": band, "memory": 60})
    whole, earlier = (built(bars.take(slice(0, n)), label) for n in (400, 300))
    common = np.isin(whole.event_time, earlier.event_time)
    assert common.sum() == len(earlier) < len(whole)
    np.testing.assert_allclose(mean_one(whole.weight[common]), mean_one(earlier.weight), rtol=1e-12)
    # Labels of one length overlap alike, at the end as everywhere.
    assert (np.ptp(earlier.weight) > 0.0) == (kind == "triple_barrier")


def built(bars: Bars, label: Label) -> Dataset:
    values = np.asfortranarray(np.random.default_rng(0).normal(size=(len(bars), 2)))
    features = FeatureBlock(bars.series, bars.event_time, bars.known_time, ("a", "b"), values)
    return build_dataset([SeriesSamples(features, compute_labels(bars, label))], min_samples=1)


def test_recency_halves_with_every_half_life() -> None:
    times = np.datetime64("2020-01-01", "us") + np.array([0, 5, 10]) * np.timedelta64(1, "D")
    np.testing.assert_allclose(recency(times, timedelta(days=5)), [0.25, 0.5, 1.0])


def ratios(part: SeriesSamples, rules: DatasetRules, plain: Dataset) -> np.ndarray:
    """What rules multiply the weights of a dataset with, up to a common factor."""
    found: np.ndarray = build_dataset([part], rules).weight / plain.weight
    return found


def test_everything_asked_for_is_multiplied_and_the_mean_is_one() -> None:
    part = samples("AAA")
    plain = build_dataset([part], DatasetRules(uniqueness=False))
    np.testing.assert_array_equal(plain.weight, 1.0)
    both = build_dataset([part], DatasetRules(recency_half_life=timedelta(days=30)))
    assert both.weight.mean() == pytest.approx(1.0)
    age = (plain.decision_time[-1] - plain.decision_time) / np.timedelta64(30, "D")
    expected = build_dataset([part]).weight * 0.5**age
    np.testing.assert_allclose(both.weight, expected / expected.mean(), rtol=1e-12)


def test_a_dataset_in_which_nothing_counts_is_refused() -> None:
    part = replace(samples("AAA"), superseded=(np.full(200, np.datetime64("2030-01-01", "us")),))
    with pytest.raises(DatasetError, match="superseded_weight is 0 and every sample is superseded"):
        build_dataset([part], DatasetRules(superseded_weight=0.0))


def test_weights_of_any_size_become_one_on_average() -> None:
    for size in (1.0, 3.0, 1e-300, 1e300):
        np.testing.assert_allclose(mean_one(np.array([1.0, 2.0, 6.0]) * size), [1 / 3, 2 / 3, 2.0], rtol=1e-12)
    np.testing.assert_array_equal(mean_one(np.ones(7)), 1.0)
    assert len(mean_one(np.empty(0))) == 0


def marked(weight: float = 0.25) -> Dataset:
    """A hundred samples a day apart of which 10 to 19 were superseded on day 40, 50 to 54 on day 90."""
    dataset = make_dataset(100, 2)
    at = np.full(100, np.datetime64("NaT"), "datetime64[us]")
    at[10:20], at[50:55] = dataset.label_end[40], dataset.label_end[90]
    return replace(dataset, superseded_at=at, superseded_weight=weight)


@pytest.mark.parametrize(("n", "known"), [(40, []), (41, [*range(10, 20)]), (90, [*range(10, 20)])])
def test_a_training_knows_of_restatements_until_its_last_label_was(n: int, known: list[int]) -> None:
    rows = counted_rows(marked().take(np.arange(n)))
    expected = np.ones(n)
    expected[known] = 0.25
    np.testing.assert_allclose(rows.weight, expected / expected.mean(), rtol=1e-12)
    assert rows.superseded_at is None


def test_rows_that_counted_once_count_the_same_in_parts() -> None:
    rows = counted_rows(marked())
    part = counted_rows(rows.take(np.arange(30)))  # by its own last label it would know of nothing
    assert part.weight[0] / part.weight[10] == pytest.approx(4.0)


def test_rows_that_count_nothing_are_left_out_once_that_is_known() -> None:
    dataset = marked(weight=0.0)
    assert len(counted_rows(dataset)) == 85 and len(counted_rows(dataset.take(np.arange(30)))) == 30
    assert len(counted_rows(dataset.take(np.arange(0)))) == 0
