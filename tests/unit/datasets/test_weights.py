"""Uniqueness beside a plain count, recency beside its formula, and both as a dataset multiplies them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from fakes.samples import samples
from hypothesis import given
from hypothesis import strategies as st

from trimtab.config.strategy import DatasetRules
from trimtab.datasets import Dataset
from trimtab.datasets.build import build_dataset
from trimtab.datasets.series_samples import SeriesSamples, last_rows
from trimtab.datasets.weights import average_uniqueness, recency
from trimtab.errors import DatasetError

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
    dataset = build_dataset([part])
    rows = np.searchsorted(part.features.event_time, dataset.event_time)
    last = last_rows(part.features, part.labels[0])[rows]
    assert len(np.unique(last - rows)) > 5  # ends of many lengths
    expected = np.array(counted(rows.tolist(), last.tolist()))
    np.testing.assert_allclose(dataset.weight, expected / expected.mean(), rtol=1e-12)
    np.testing.assert_array_equal(part.labels[0].label_start[last], dataset.label_end)


def test_recency_halves_with_every_half_life() -> None:
    times = np.datetime64("2020-01-01", "us") + np.array([0, 5, 10]) * np.timedelta64(1, "D")
    np.testing.assert_allclose(recency(times, timedelta(days=5)), [0.25, 0.5, 1.0])


def ratios(part: SeriesSamples, rules: DatasetRules, plain: Dataset) -> np.ndarray:
    """What rules multiply the weights of a dataset with, up to a common factor."""
    found: np.ndarray = build_dataset([part], rules).weight / plain.weight
    return found


def test_everything_asked_for_is_multiplied_and_the_mean_is_one() -> None:
    part = samples("AAA")
    doubtful = np.zeros(200, bool)
    doubtful[50:60] = True
    part = replace(part, superseded=(doubtful,))
    plain = build_dataset([part], DatasetRules(uniqueness=False))
    np.testing.assert_array_equal(plain.weight, 1.0)
    both = build_dataset([part], DatasetRules(recency_half_life=timedelta(days=30), superseded_weight=0.25))
    assert both.weight.mean() == pytest.approx(1.0)
    rows = np.searchsorted(part.features.event_time, plain.event_time)
    age = (plain.decision_time[-1] - plain.decision_time) / np.timedelta64(30, "D")
    expected = build_dataset([part]).weight * 0.5**age * np.where(doubtful[rows], 0.25, 1.0)
    np.testing.assert_allclose(both.weight, expected / expected.mean(), rtol=1e-12)


def test_a_dataset_in_which_nothing_counts_is_refused() -> None:
    part = replace(samples("AAA"), superseded=(np.ones(200, bool),))
    with pytest.raises(DatasetError, match="superseded_weight is 0 and every sample is superseded"):
        build_dataset([part], DatasetRules(superseded_weight=0.0))
