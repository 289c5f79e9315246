from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from fakes.datasets import make_dataset
from fakes.folds import thirds
from fakes.studies import FOLDS

from trimtab.errors import ConfigurationError
from trimtab.models.families import make_forecaster, search_space
from trimtab.models.protocol import FitContext, Forecaster
from trimtab.tuning.pruning import is_hopeless

PRUNED = {"sampler": "random", "n_trials": 11, "pruning": True}


def test_a_trial_stops_at_the_first_fold_at_which_its_mean_is_worse_than_the_median(study) -> None:
    fits = 0

    def counted(tuned: Mapping[str, Any]) -> Forecaster:
        made = make_forecaster("linear", tuned)
        fit = made.fit

        def counting(*arguments: Any) -> Any:
            nonlocal fits
            fits += 1
            return fit(*arguments)

        object.__setattr__(made, "fit", counting)
        return made

    pruned = study(**PRUNED | {"make": counted})
    whole = study(**PRUNED | {"pruning": False, "study_name": "whole"})
    assert len(pruned.trials) == len(whole.trials) == 11  # a pruned trial was tried too
    assert 0 < sum(trial.pruned for trial in pruned.trials) < 11
    assert fits == sum(len(trial.fold_values[0]) for trial in pruned.trials) < 11 * len(FOLDS)
    earlier: list[tuple[float, ...]] = []
    for short, long in zip(pruned.trials, whole.trials, strict=True):
        assert short.parameters == long.parameters  # random search does not look at results
        folds = long.fold_values[0]
        stops = [n for n in range(1, len(folds)) if is_hopeless(folds[:n], earlier, maximise=False)]
        kept = folds[: stops[0]] if stops else folds
        assert short.fold_values[0] == kept
        assert short.values == (pytest.approx(np.mean(kept)),)
        assert short.pruned == bool(stops)
        earlier.append(kept)
    assert pruned.best_value == min(np.mean(folds) for folds in earlier if len(folds) == len(FOLDS))


def test_the_number_of_threads_does_not_change_what_is_pruned(study) -> None:
    many = study(**PRUNED, study_name="threads", context=FitContext(seed=2, n_threads=2))
    assert study(**PRUNED) == many


def test_with_several_objectives_the_leading_one_prunes(study) -> None:
    result = study(
        make=lambda tuned: make_forecaster("lightgbm", tuned),
        space=search_space("lightgbm").first(2),
        **PRUNED | {"sampler": "tpe"},
        objectives=["accuracy", "complexity"],
        dataset=make_dataset(150),
        folds=thirds(150),
    )
    pruned = [trial for trial in result.trials if trial.pruned]
    assert pruned
    assert all(len(trial.values) == 2 and len(trial.fold_values[1]) < 3 for trial in pruned)
    assert result.best_number in result.front
    assert not {trial.number for trial in pruned} & set(result.front)


def test_pruning_a_single_fold_is_refused(study) -> None:
    with pytest.raises(ConfigurationError, match="single fold"):
        study(pruning=True, folds=FOLDS[:1])
