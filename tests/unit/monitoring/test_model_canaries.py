"""Canaries of a procedure: leaks planted in it are caught, honest ones are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from fakes.datasets import make_dataset
from fakes.procedures import (
    always_the_same,
    encodes_targets_on_all_rows,
    honest,
    nearest_in_time,
    scales_by_class,
    selects_on_all_rows,
    shuffled_fold,
    turns_by_the_test,
    with_sticky_labels,
)

from trimtab.datasets import Dataset
from trimtab.monitoring.model_canaries import (
    PLANTED,
    interval_audit,
    label_permutation,
    planted_future,
    time_shift,
)
from trimtab.validation.folds import Fold
from trimtab.validation.splitters import WalkForward

SKILFUL = make_dataset(n=800, k=60, seed=3, signal=2.0)
FOLDS = WalkForward().split(SKILFUL)[-2:]
FOLDS_OF_160 = WalkForward().split(SKILFUL.take(np.arange(160)))[-1:]
LEAKING = (selects_on_all_rows, encodes_targets_on_all_rows, scales_by_class, turns_by_the_test)


def with_young(dataset: Dataset, code: int, n_last: int = 90) -> Dataset:
    """The same samples, of one instrument only its last ones."""
    own = np.flatnonzero(dataset.instrument == code)
    return dataset.take(np.setdiff1d(np.arange(len(dataset)), own[:-n_last]))


def test_an_honest_procedure_with_real_skill_passes_every_canary() -> None:
    real = np.corrcoef(honest(SKILFUL, FOLDS[0]), SKILFUL.target[FOLDS[0].test])[0, 1]
    found = (
        label_permutation(SKILFUL, FOLDS, honest, seed=0),
        planted_future(SKILFUL, FOLDS, honest, seed=0),
        time_shift(SKILFUL, FOLDS, honest, seed=0, memory=20),
        interval_audit(SKILFUL, FOLDS),
    )
    assert real > 0.4
    assert [each.passed for each in found] == [True] * 4
    assert abs(found[0].skill) < 0.1 < found[1].skill
    assert found[0].n == 3 * sum(len(fold.test) for fold in FOLDS)


@pytest.mark.parametrize("leaking", LEAKING)
def test_label_permutation_catches_whatever_looks_at_test_labels(leaking) -> None:  # type: ignore[no-untyped-def]
    found = label_permutation(SKILFUL, FOLDS, leaking, seed=0, n_permutations=20)
    assert found.passed is False
    assert found.skill > found.high > found.low
    assert "luck explains no more than" in found.sentence


def test_only_the_time_shift_sees_labels_that_neighbours_in_time_share() -> None:
    dataset = with_sticky_labels(SKILFUL, 0.97, seed=1)
    fold = shuffled_fold(dataset, seed=2)
    assert label_permutation(dataset, [fold], nearest_in_time, seed=0).passed is True
    assert time_shift(dataset, [fold], nearest_in_time, seed=0).passed is False
    assert interval_audit(dataset, [fold]).passed is False


def test_a_feature_that_knows_the_future_is_left_to_the_certificate_of_the_dataset() -> None:
    cheating = SKILFUL.with_features(lambda rows: rows, SKILFUL.feature_names)
    cheating.features[:, 5] = cheating.target
    assert np.corrcoef(honest(cheating, FOLDS[0]), cheating.target[FOLDS[0].test])[0, 1] > 0.9
    found = (label_permutation(cheating, FOLDS, honest, seed=0), time_shift(cheating, FOLDS, honest, seed=0))
    assert [each.passed for each in found] == [True, True]


def test_a_forecast_that_never_varies_can_prove_nothing() -> None:
    assert label_permutation(SKILFUL, FOLDS, always_the_same, seed=0).passed is None
    assert planted_future(SKILFUL, FOLDS, always_the_same, seed=0).passed is None
    assert time_shift(SKILFUL, FOLDS, always_the_same, seed=0).passed is None


def test_the_planted_future_is_not_seen_by_a_model_that_does_not_look() -> None:
    def blind(dataset: Dataset, fold: Fold) -> np.ndarray:
        assert dataset.feature_names[-1] == PLANTED
        return np.nan_to_num(dataset.features[fold.test, 0])

    found = planted_future(SKILFUL, FOLDS, blind, seed=0)
    assert found.passed is False
    assert "was not seen" in found.sentence


def test_the_time_shift_does_not_apply_where_every_instrument_is_young() -> None:
    found = time_shift(SKILFUL.take(np.arange(160)), FOLDS_OF_160, honest, seed=0)
    assert (found.passed, found.applies) == (None, False)
    assert found.sentence == "not applicable: no instrument of the test has the 250 samples that moving labels takes"


def test_one_young_instrument_is_left_out_and_named_and_the_others_are_judged() -> None:
    young = SKILFUL.instruments[1]
    dataset = with_young(SKILFUL, 1)
    fold = WalkForward().split(dataset)[-1]
    found = time_shift(dataset, [fold], honest, seed=0, memory=60)
    assert found.passed is True and found.applies
    assert found.sentence.endswith(f"; left out, with fewer than 250 samples: {young}")
    assert found.n == 5 * (dataset.instrument[fold.test] != 1).sum() < 5 * len(fold.test)


def test_a_leak_about_the_old_instruments_is_seen_beside_a_young_one() -> None:
    sticky = with_sticky_labels(SKILFUL, 0.97, seed=1)
    dataset = with_young(sticky, 1)
    assert time_shift(dataset, [shuffled_fold(dataset, seed=2)], nearest_in_time, seed=0).passed is False


@pytest.mark.parametrize(
    ("n", "memory", "shifts"),
    [(760, 20, "38 to 342"), (760, 60, "60 to 320"), (760, 253, "95 to 285"), (2000, 400, "126 to 874")],
)
def test_the_shifts_lie_apart_from_each_other_however_long_the_memory(n: int, memory: int, shifts: str) -> None:
    """Five shifts about the middle of a history are one observation without a spread."""
    dataset = make_dataset(n=n, k=3, seed=1, instruments=("AAA", "BBB"))
    found = time_shift(dataset, WalkForward().split(dataset)[-1:], honest, seed=0, memory=memory)
    assert found.what == f"labels moved by {shifts} bars within each instrument"
    assert found.high > 0.01


def test_threads_and_a_second_run_change_nothing() -> None:
    for canary in (label_permutation, planted_future, time_shift):
        once = canary(SKILFUL, FOLDS, honest, seed=5)
        assert canary(SKILFUL, FOLDS, honest, seed=5, n_threads=2) == once
    assert label_permutation(SKILFUL, FOLDS, honest, seed=6).skill != pytest.approx(
        label_permutation(SKILFUL, FOLDS, honest, seed=5).skill
    )


def test_regression_is_judged_as_classification_is() -> None:
    dataset = make_dataset(n=600, k=5, seed=1, task="regression")
    folds = WalkForward().split(dataset)[-1:]
    assert label_permutation(dataset, folds, honest, seed=0).passed is True
    assert label_permutation(dataset, folds, turns_by_the_test, seed=0, n_permutations=20).passed is False


def test_one_honest_certificate_in_a_hundred_is_refused_by_bad_luck() -> None:
    """With sticky labels alike over the instruments; 150 at 1 %: more than 6 would happen once in 1,000 times."""
    refused = 0
    for seed in range(150):
        dataset = with_sticky_labels(make_dataset(n=240, k=3, seed=seed, signal=0.0), 0.95, seed)
        folds = WalkForward().split(dataset)[-2:]
        refused += label_permutation(dataset, folds, honest, seed=seed, n_permutations=2).passed is False
    assert refused <= 6


def test_dependence_in_time_alone_is_not_taken_for_a_leak() -> None:
    """Sticky features and sticky labels, unrelated: as above, more than 6 of 150 would happen once in 1,000 times."""
    refused = 0
    for seed in range(150):
        dataset = with_sticky_labels(make_dataset(n=1000, k=2, seed=seed, signal=0.0, missing=0.0), 0.95, seed)
        slow = [with_sticky_labels(dataset, 0.95, 10_000 + 2 * seed + number).target for number in range(2)]
        dataset.features[:] = np.column_stack(slow)
        refused += time_shift(dataset, WalkForward().split(dataset)[-1:], honest, seed=seed).passed is False
    assert refused <= 6


def test_the_audit_names_the_fold_that_trains_on_its_test() -> None:
    fold = FOLDS[0]
    late = np.append(fold.train, fold.test[0] - 1)
    leaking = Fold("fold_x", late, fold.test, 0, 0, fold.train_start, fold.train_end, fold.test_start, fold.test_end)
    shifted = make_dataset(n=800, k=60, seed=3, horizon=3)
    found = interval_audit(shifted, [leaking])
    assert found.passed is False and "fold_x" in found.sentence
    assert interval_audit(SKILFUL, FOLDS).sentence == "no training label of 2 folds reaches into its test"
