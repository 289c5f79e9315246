from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from fakes.datasets import DAY, make_dataset
from fakes.recorded_fits import RecordingMean

from trimtab.datasets import Dataset
from trimtab.datasets.purging import purged_parts
from trimtab.errors import NotEnoughDataError
from trimtab.models.families import make_forecaster
from trimtab.models.out_of_fold import independent_samples, out_of_fold
from trimtab.models.protocol import FitContext

CONTEXT = FitContext(3, 1)


def parts_by_hand(dataset: Dataset, n_parts: int) -> list[np.ndarray]:
    """Masks of the test rows, sessions never split, for a dataset whose sessions divide evenly."""
    days = (dataset.decision_time - dataset.decision_time[0]) // DAY
    return [days * n_parts // (days[-1] + 1) == part for part in range(n_parts)]


@pytest.mark.parametrize("horizon", [1, 7, 30])
def test_no_model_has_seen_a_label_that_touches_those_it_forecasts(horizon: int) -> None:
    dataset, recording = make_dataset(400, horizon=horizon), RecordingMean()
    out_of_fold(recording, dataset, 4, CONTEXT)
    for test, (train, _) in zip(parts_by_hand(dataset, 4), recording.fits, strict=True):
        first, last = dataset.label_start[test].min(), dataset.label_end[test].max()
        touches = ~((dataset.label_end < first) | (dataset.label_start > last))
        assert np.array_equal(train.decision_time, dataset.decision_time[~touches])
        assert len(train) <= 300 - 2 * horizon  # purging takes rows beside the part itself


def test_longer_labels_leave_fewer_rows_to_train_on() -> None:
    dataset, short, long = make_dataset(400), RecordingMean(), RecordingMean()
    out_of_fold(short, dataset, 4, CONTEXT)
    out_of_fold(long, replace(dataset, label_end=dataset.label_end + 10 * DAY), 4, CONTEXT)
    lost = [len(a) - len(b) for (a, _), (b, _) in zip(short.fits, long.fits, strict=True)]
    assert lost == [20, 40, 40, 20]  # two instruments, ten days, at each inner edge


def test_an_embargo_keeps_the_rows_just_after_a_part_out() -> None:
    dataset, recording = make_dataset(400), RecordingMean()
    out_of_fold(recording, dataset, 4, CONTEXT, timedelta(days=5))
    expected = [len(train) for train, _ in purged_parts(dataset, 4, timedelta(days=5))]
    assert [len(train) for train, _ in recording.fits] == expected
    assert expected != [len(train) for train, _ in purged_parts(dataset, 4)]


def test_every_sample_has_the_forecast_of_the_model_of_its_part() -> None:
    dataset, recording = make_dataset(400), RecordingMean()
    value = out_of_fold(recording, dataset, 4, CONTEXT)
    for test, (train, _) in zip(parts_by_hand(dataset, 4), recording.fits, strict=True):
        expected = train.target.mean() + np.nan_to_num(dataset.features[test, 0])
        np.testing.assert_array_equal(value[test], expected)


def test_a_sequence_model_is_given_windows_that_reach_back_into_other_parts() -> None:
    dataset = make_dataset(400, history=True)
    value = out_of_fold(RecordingMean(window=3), dataset, 4, CONTEXT)
    row = 200  # the first sample of the third part
    known = np.nanmean(dataset.features[[196, 198, 200], 0])
    others = RecordingMean()
    out_of_fold(others, dataset, 4, CONTEXT)
    assert value[row] == pytest.approx(others.fits[2][0].target.mean() + known)


def test_seeds_checkpoints_and_threads_of_the_parts_are_their_own(tmp_path: Path) -> None:
    recording = RecordingMean()
    out_of_fold(recording, make_dataset(200), 3, FitContext(10, 1, checkpoints=tmp_path))
    contexts = [context for _, context in recording.fits]
    assert [context.seed for context in contexts] == [11, 12, 13]
    assert [context.n_threads for context in contexts] == [1, 1, 1]
    assert len({context.checkpoints for context in contexts}) == 3


def test_the_number_of_threads_changes_nothing() -> None:
    dataset = make_dataset(300)
    forest = make_forecaster("random_forest", {"n_estimators": 5})
    one, two = (out_of_fold(forest, dataset, 3, FitContext(0, n)) for n in (1, 2))
    assert np.array_equal(one, two)


def test_rows_of_weight_zero_teach_nothing_and_are_forecast() -> None:
    dataset = make_dataset(300)
    weight = np.where(np.arange(300) % 3 == 0, 0.0, 1.0)
    flipped = np.where(weight == 0, 1.0 - dataset.target, dataset.target)
    linear = make_forecaster("linear")
    values = [
        out_of_fold(linear, replace(dataset, weight=weight, target=t), 3, CONTEXT) for t in (dataset.target, flipped)
    ]
    assert np.array_equal(*values)
    assert np.isfinite(values[0]).all()


def test_a_part_whose_training_rows_have_one_class_is_named() -> None:
    dataset = make_dataset(300)
    target = np.zeros(300)
    target[110:190:2] = 1.0  # the second of three parts alone has both classes
    with pytest.raises(NotEnoughDataError, match="part 2 of 3 have only the class 0"):
        out_of_fold(make_forecaster("linear"), replace(dataset, target=target), 3, CONTEXT)
    weight = np.zeros(300)
    weight[110:190] = 1.0
    with pytest.raises(NotEnoughDataError, match="part 2 of 3 have no row with a positive weight"):
        out_of_fold(make_forecaster("linear"), replace(dataset, weight=weight), 3, CONTEXT)


def test_more_parts_than_decision_times_are_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="use fewer parts"):
        out_of_fold(make_forecaster("linear"), make_dataset(8), 5, CONTEXT)


def test_independent_samples_are_decision_times_over_the_horizon() -> None:
    dataset = make_dataset(400, horizon=5)  # 200 days of two instruments
    assert independent_samples(dataset) == 40.0
    assert independent_samples(replace(dataset, weight=np.where(np.arange(400) < 200, 0.0, 1.0))) == 20.0
    assert independent_samples(dataset.take(np.arange(2))) == 1.0
