from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.samples import samples

from trimtab.datasets.build import build_dataset, current_rows
from trimtab.datasets.series_samples import SeriesSamples
from trimtab.errors import DatasetError, NotEnoughDataError


def test_samples_of_all_series_are_in_order_of_decision_time_then_instrument() -> None:
    dataset = build_dataset([samples("AAA", seed=1), samples("BBB", seed=2)])
    assert dataset.instruments == ("AAA", "BBB")
    assert (np.diff(dataset.decision_time) >= np.timedelta64(0)).all()
    same_time = dataset.decision_time[1:] == dataset.decision_time[:-1]
    assert (dataset.instrument[1:][same_time] > dataset.instrument[:-1][same_time]).all()
    assert len(dataset) == 2 * (200 - 20 - 3)  # neither the look-back nor the unfinished labels
    assert dataset.weight.mean() == pytest.approx(1.0)


def test_every_sample_carries_the_features_and_the_label_of_its_own_bar() -> None:
    part = samples("AAA", seed=3)
    dataset = build_dataset([part])
    position = np.searchsorted(part.features.event_time, dataset.event_time)
    np.testing.assert_array_equal(dataset.features, part.features.values[position])
    np.testing.assert_array_equal(dataset.target, part.labels[0].value[position])
    np.testing.assert_array_equal(dataset.label_end, part.labels[0].label_end[position])


def test_a_bar_known_late_is_decided_late_and_its_label_starts_no_earlier() -> None:
    part = samples("AAA", seed=3)
    late = part.features.known_time + np.timedelta64(3600, "s").astype("timedelta64[us]")
    dataset = build_dataset([replace(part, features=replace(part.features, known_time=late))])
    assert (dataset.label_start >= dataset.decision_time).all()
    prompt = build_dataset([part])
    # The last bar a label looks at is known an hour late too, and only then the label is.
    np.testing.assert_array_equal(dataset.label_end - prompt.label_end, np.timedelta64(3600, "s"))


def test_a_label_is_realised_when_the_last_bar_it_looks_at_is_known() -> None:
    part = samples("AAA", seed=3)
    known = part.features.known_time.copy()
    known[60] += np.timedelta64(30, "h").astype("timedelta64[us]")  # one bar was published late
    dataset = build_dataset([replace(part, features=replace(part.features, known_time=known))])
    prompt = build_dataset([part])
    order = np.argsort(dataset.event_time)
    waited = dataset.label_end[order] - prompt.label_end
    late = part.features.event_time[60 - part.labels[0].horizon]
    np.testing.assert_array_equal(waited > np.timedelta64(0), prompt.event_time == late)
    assert waited.max() == np.timedelta64(30, "h")


def _named(part: SeriesSamples, *names: str) -> SeriesSamples:
    """The same samples under names of the catalogue."""
    return replace(part, features=replace(part.features, names=names))


def test_a_feature_that_may_be_unknown_costs_no_sample() -> None:
    part = _named(samples("AAA", seed=3), "rsi_14", "sma_distance_5", "earnings_yield", "current_ratio")
    whole = build_dataset([part])
    part.features.values[:120, 2:] = np.nan  # nothing was filed yet
    dataset = build_dataset([part])
    np.testing.assert_array_equal(dataset.event_time, whole.event_time)
    assert np.isnan(dataset.features[:, 2:]).any() and not np.isnan(dataset.features[:, :2]).any()
    part.features.values[60:70, 0] = np.nan  # but this one never goes without a value
    assert len(build_dataset([part])) == len(whole) - 10


def test_a_series_without_any_known_feature_gives_no_sample_and_is_named() -> None:
    names = ("earnings_yield", "book_to_price", "current_ratio", "return_on_equity")
    one, other = _named(samples("AAA", seed=1), *names), _named(samples("BBB", seed=2), *names)
    other.features.values[:] = np.nan
    dataset = build_dataset([one, other])
    assert set(dataset.instrument.tolist()) == {0}
    one.features.values[:] = np.nan
    with pytest.raises(NotEnoughDataError, match=r"no feature of AAA__1d, BBB__1d has a value .* facts ingested"):
        build_dataset([one, other])


def test_fewer_than_a_hundred_samples_are_refused_with_the_count() -> None:
    with pytest.raises(NotEnoughDataError, match="AAA__1d give 77 usable samples, at least 100 are needed"):
        build_dataset([samples("AAA", n=100)])


def test_series_that_do_not_match_are_refused() -> None:
    a, b = samples("AAA"), samples("BBB")
    with pytest.raises(DatasetError, match="has other features than"):
        build_dataset([a, replace(b, features=replace(b.features, names=("a", "b", "c", "x")))])
    with pytest.raises(DatasetError, match="not over the same bars"):
        build_dataset([replace(a, labels=samples("AAA", n=150).labels)])
    with pytest.raises(DatasetError, match="has another label than"):
        build_dataset([a, samples("BBB", horizon=2)])


def test_current_rows_include_bars_whose_label_is_not_known_yet() -> None:
    part = samples("AAA").features
    values, codes, times = current_rows([part, part], last=10)
    np.testing.assert_array_equal(values, np.concatenate([part.values[-10:]] * 2))
    assert codes.tolist() == [0] * 10 + [1] * 10
    assert times[-1] == part.known_time[-1]
