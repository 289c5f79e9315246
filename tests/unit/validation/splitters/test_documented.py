"""The pictures of `docs/validation.md` are what the splitters do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.validation.folds import Splitter
from trimtab.validation.splitters import (
    CombinatorialPurged,
    HoldOut,
    MonteCarlo,
    PurgedKFold,
    TimeSeriesCV,
    WalkForward,
)

PAGE = (Path(__file__).parents[4] / "docs" / "validation.md").read_text()
# 40 daily decisions, each with a label of two days.
DATASET = make_dataset(200, k=1, instruments=("A", "B", "C", "D", "E"), horizon=2)
TWO_DAYS = timedelta(days=2)
DRAWN: dict[str, Splitter] = {
    "WalkForward('expanding', 16, 8, 8)": WalkForward("expanding", 16, 8, 8),
    "WalkForward('rolling', 16, 8, 8)": WalkForward("rolling", 16, 8, 8),
    "TimeSeriesCV(6, step=4, max_train_size=14, n_splits=4)": TimeSeriesCV(6, 4, 14, 4),
    "PurgedKFold(4, timedelta(days=2))": PurgedKFold(4, TWO_DAYS),
    "CombinatorialPurged(4, 2, timedelta(days=2))": CombinatorialPurged(4, 2, TWO_DAYS),
    "MonteCarlo(4, train=12, test=5, seed=1)": MonteCarlo(4, 12, 5, 1),
    "HoldOut((0.6, 0.2, 0.2))": HoldOut(),
}


def picture(splitter: Splitter) -> str:
    """A line per fold, a letter per decision: `t` trains, `#` judges, `.` is left out."""
    lines = []
    for fold in splitter.split(DATASET):
        letters = np.full(len(DATASET), ".")
        letters[fold.train], letters[fold.test] = "t", "#"
        lines.append("".join(letters[::5]))
    return "\n".join(lines)


@pytest.mark.parametrize("written", DRAWN)
def test_a_picture_of_the_page_is_drawn_by_the_splitter_it_names(written: str) -> None:
    assert f"`{written}`\n\n```\n{picture(DRAWN[written])}\n```" in PAGE
