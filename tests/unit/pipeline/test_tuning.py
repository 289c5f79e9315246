from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.config import Settings
from trimtab.config.strategy import Label, Strategy, Universe, Validation
from trimtab.pipeline.tuning import fit_context, tuning_folds
from trimtab.pipeline.workspace import Workspace
from trimtab.validation.splitters import walk_forward_from


@pytest.mark.parametrize("window", ["expanding", "rolling", "hold_out"])
def test_a_study_sees_no_label_that_ends_after_the_first_walk_forward_decision(window: str) -> None:
    dataset = make_dataset(n=800, horizon=5)
    strategy = Strategy(
        name="mine",
        universe=Universe(instruments=dataset.instruments),
        label=Label(kind="direction", horizons=(5,)),
        validation=Validation(window=window),
    )
    seen, inner = tuning_folds(dataset, strategy)
    folds = walk_forward_from(strategy.validation).split(dataset)
    first_decision = min(dataset.decision_time[fold.test].min() for fold in folds)
    assert (seen.label_end <= first_decision).all()
    judged = np.concatenate([dataset.decision_time[fold.test] for fold in folds])
    assert not np.isin(seen.decision_time, judged).any()
    assert len(seen) > 0.5 * len(dataset)
    assert len(inner) == (1 if window == "hold_out" else strategy.tuning.n_folds)
    for fold in inner:  # and none of its trainings a label that its own judging part looks at
        start, end = seen.label_start, seen.label_end
        first, last = start[fold.test].min(), end[fold.test].max()
        assert not ((start[fold.train] < last) & (end[fold.train] > first)).any()


def test_with_a_hold_out_a_study_trains_on_the_first_part_and_judges_on_the_second() -> None:
    dataset = make_dataset(n=1000, horizon=5, instruments=("AAA",))
    strategy = Strategy(
        name="mine",
        universe=Universe(instruments=dataset.instruments),
        label=Label(kind="direction", horizons=(5,)),
        validation=Validation(window="hold_out", hold_out=(0.7, 0.15, 0.15)),
    )
    seen, (fold,) = tuning_folds(dataset, strategy)
    # 700 and 150 samples, less the four whose label ends inside the next part.
    assert np.array_equal(seen.decision_time[fold.train], dataset.decision_time[:696])
    assert np.array_equal(seen.decision_time[fold.test], dataset.decision_time[700:846])


def test_every_training_has_the_seed_the_threads_and_the_device_of_the_settings(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, strategies_dir=tmp_path, seed=11, n_threads=1, device="cpu")
    context = fit_context(Workspace.open(settings))
    assert (context.seed, context.n_threads, context.device) == (11, 1, "cpu")
