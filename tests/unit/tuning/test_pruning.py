from __future__ import annotations

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.tuning.pruning import N_STARTUP_TRIALS, is_hopeless

scores = st.lists(st.floats(-1, 1), min_size=4, max_size=4)


@given(st.lists(scores, min_size=0, max_size=9), st.lists(st.floats(-1, 1), min_size=1, max_size=3), st.booleans())
def test_after_the_first_fold_it_says_what_optunas_median_pruner_says(
    finished: list[list[float]], values: list[float], maximise: bool
) -> None:
    study = optuna.create_study(
        direction="maximize" if maximise else "minimize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=N_STARTUP_TRIALS),
        sampler=optuna.samplers.RandomSampler(seed=0),
    )
    for each in finished:
        study.add_trial(optuna.trial.create_trial(value=each[0], intermediate_values={1: each[0]}))
    trial = study.ask()
    trial.report(values[0], 1)
    assert is_hopeless(values[:1], finished, maximise) == trial.should_prune()


def test_later_it_compares_running_means_at_the_same_number_of_folds() -> None:
    # After two folds the means are 0.1 ... 0.5, their median is 0.3; the third folds do not count yet.
    finished = [[m - 0.1, m + 0.1, 99.0] for m in (0.1, 0.2, 0.3, 0.4, 0.5)]
    assert is_hopeless([0.5, 0.09], finished, maximise=True)
    assert not is_hopeless([0.5, 0.11], finished, maximise=True)
    assert is_hopeless([0.5, 0.11], finished, maximise=False)


def test_few_finished_trials_prune_nothing() -> None:
    finished = [[1.0, 1.0]] * (N_STARTUP_TRIALS - 1)
    assert not is_hopeless([-1.0], finished, maximise=True)
    assert is_hopeless([-1.0], [*finished, [1.0, 1.0]], maximise=True)


def test_pruned_trials_stay_in_the_median_of_the_folds_they_were_given() -> None:
    others = [[0.9, 0.9], [0.8, 0.8], [0.7, 0.7], [0.2], [0.1]]
    assert is_hopeless([0.6], others, maximise=True)  # the median is 0.7
    assert not is_hopeless([0.6], [*others, [0.1], [0.1]], maximise=True)  # and now 0.2
    assert not is_hopeless([0.6, 0.6], others, maximise=True)  # three trials had two folds: too few


@pytest.mark.parametrize("maximise", [True, False])
def test_a_score_that_is_infinitely_bad_is_hopeless_and_equals_of_it_are_not(maximise: bool) -> None:
    bad = -np.inf if maximise else np.inf
    assert is_hopeless([bad], [[0.0]] * 5, maximise)
    assert not is_hopeless([bad], [[bad]] * 5, maximise)
