from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.samples import samples

from trimtab.datasets.build import build_dataset, current_rows
from trimtab.datasets.purging import purged_parts
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


def test_a_bar_known_late_is_decided_late_and_its_label_starts_at_its_close() -> None:
    part = samples("AAA", seed=3)
    late = part.features.known_time + np.timedelta64(3600, "s").astype("timedelta64[us]")
    dataset = build_dataset([replace(part, features=replace(part.features, known_time=late))])
    prompt = build_dataset([part])
    np.testing.assert_array_equal(dataset.label_start, prompt.label_start)
    np.testing.assert_array_equal(dataset.decision_time - prompt.decision_time, np.timedelta64(3600, "s"))
    # The last bar a label looks at is known an hour late too, and only then the label is.
    np.testing.assert_array_equal(dataset.label_end - prompt.label_end, np.timedelta64(3600, "s"))


def _with_row_60_late(part: SeriesSamples, days: int) -> SeriesSamples:
    known = part.features.known_time.copy()
    known[60] += np.timedelta64(days, "D").astype("timedelta64[us]")
    return replace(part, features=replace(part.features, known_time=known))


def test_a_label_that_was_over_at_the_decision_is_absent_and_those_that_still_run_are_kept() -> None:
    part = samples("AAA", horizon=15, further=(3, 5))
    dataset, prompt = build_dataset([_with_row_60_late(part, days=4)]), build_dataset([part])
    row, before = (int(np.flatnonzero(d.event_time == part.features.event_time[60])[0]) for d in (dataset, prompt))
    long, short, middle = dataset.by_horizon
    assert np.isnan(short.target[row]) and short.weight[row] == 0 and np.isnat(short.label_start[row])
    assert long.target[row] == prompt.by_horizon[0].target[before]
    assert middle.target[row] == prompt.by_horizon[2].target[before]
    for labels in dataset.by_horizon:
        known = ~np.isnan(labels.target)
        assert (labels.label_end > dataset.decision_time)[known].all()
    assert dataset.label_start[row] < dataset.decision_time[row] < dataset.label_end[row]


def test_a_late_bar_does_not_train_for_a_part_whose_labels_look_at_the_same_moves() -> None:
    """In order of decision time its row comes after the part; by the moves its label looks at it is within."""
    part = samples("AAA", horizon=15)
    dataset = build_dataset([_with_row_60_late(part, days=14)])
    row = int(np.flatnonzero(dataset.event_time == part.features.event_time[60])[0])
    start, end = part.labels[0].label_start[60], part.labels[0].label_end[60]
    n_apart = 0
    for train, test in purged_parts(dataset, 33):
        shares = (dataset.label_start[test] < end) & (dataset.label_end[test] > start)
        assert not (shares.any() and row in train)
        # An interval that began at the decision of the row would not touch such a part.
        n_apart += bool(shares.any() and dataset.label_end[test].max() < dataset.decision_time[row])
    assert n_apart


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


def test_too_few_samples_are_explained_by_the_reason_that_left_out_most_bars() -> None:
    part = samples("AAA", n=400)
    value = part.labels[0].value.copy()
    value[50:] = np.nan  # all of them inside the neutral band
    inside = replace(part, labels=(replace(part.labels[0], value=value),))
    with pytest.raises(NotEnoughDataError, match=r"3\d\d of 400 bars: no label .*neutral band\); .*label.neutral_band"):
        build_dataset([inside])
    with pytest.raises(NotEnoughDataError, match=r"60 of 100 bars: no naive forecast yet; .*shorter horizon"):
        build_dataset([samples("AAA", n=100, horizon=80)])


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
