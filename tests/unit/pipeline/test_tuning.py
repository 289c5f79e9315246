from __future__ import annotations

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.config.strategy import Label, Strategy, Universe, Validation
from trimtab.pipeline.tuning import tuning_rows
from trimtab.validation.splitters import walk_forward_from


@pytest.mark.parametrize("window", ["expanding", "rolling"])
def test_a_study_sees_no_label_that_ends_after_the_first_walk_forward_decision(window: str) -> None:
    dataset = make_dataset(n=800, horizon=5)
    strategy = Strategy(
        name="mine",
        universe=Universe(instruments=dataset.instruments),
        label=Label(kind="direction", horizons=(5,)),
        validation=Validation(window=window),
    )
    seen = tuning_rows(dataset, strategy)
    folds = walk_forward_from(strategy.validation).split(dataset)
    first_decision = min(dataset.decision_time[fold.test].min() for fold in folds)
    assert (seen.label_end <= first_decision).all()
    judged = np.concatenate([dataset.decision_time[fold.test] for fold in folds])
    assert not np.isin(seen.decision_time, judged).any()
    assert len(seen) > 0.5 * len(dataset)
