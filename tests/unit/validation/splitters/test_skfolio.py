"""Folds equal those of skfolio, index for index, where both say the same thing.

skfolio leaves out a number of rows beside a test part; here rows are left out by the interval their label looks
at. The two agree when the label of row i spans a fixed number of rows:

- combinatorial: a label of p rows, [i, i + p], touches the test in the p rows on either side of it (closed
  intervals: a shared end point is an overlap), which is `purged_size=p`. `purged_size=0` needs labels that end
  before the next row. Embargo is time after the last label: one row a day, so days are rows.
- walk-forward: a label that has ended by the first test decision trains, so one-bar labels are `purged_size=0`.
  skfolio keeps the length of a training part when it purges, here the margin is taken out of it: a training
  part of train + p rows with an embargo of p days is skfolio's of train rows with `purged_size=p`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.datasets import DAY, make_dataset

from trimtab.datasets import Dataset
from trimtab.validation.splitters import CombinatorialPurged, WalkForward

SKFOLIO: dict[str, Any] = json.loads((Path(__file__).parent / "skfolio_folds.json").read_text())
BESIDE = 10  # samples per decision time: fewer than 100 in all are refused


def days(n: int, label: float) -> Dataset:
    """`BESIDE` samples at each of n days, with labels so many days long."""
    base = make_dataset(n * BESIDE, k=1, instruments=tuple(f"I{i}" for i in range(BESIDE)))
    return replace(base, label_end=base.label_start + np.timedelta64(int(label * 24), "h"))


def rows_of(part: np.ndarray) -> list[int]:
    """The days of a part, each of which must be whole."""
    assert len(part) % BESIDE == 0
    whole = part.reshape(-1, BESIDE)
    assert (whole == whole[:, :1] + np.arange(BESIDE)).all()
    return (whole[:, 0] // BESIDE).tolist()


def rows_in(runs: list[list[int]]) -> list[int]:
    return [row for first, last in runs for row in range(first, last + 1)]


@pytest.mark.parametrize("case", SKFOLIO["walk_forward"], ids=str)
def test_walk_forward_equals_skfolio(case: dict[str, Any]) -> None:
    margin = case.get("purged_size", 0)
    window = "expanding" if case.get("expand_train") else "rolling"
    test = case["test_size"]
    splitter = WalkForward(window, case["train_size"] + margin, test, test, timedelta(days=margin))
    folds = splitter.split(days(case["n"], label=1))
    assert [(rows_of(fold.train), rows_of(fold.test)) for fold in folds] == [
        (rows_in(fold["train"]), rows_in(fold["test"])) for fold in case["folds"]
    ]


@pytest.mark.parametrize("case", SKFOLIO["combinatorial_purged"], ids=str)
def test_combinatorial_purged_equals_skfolio(case: dict[str, Any]) -> None:
    splitter = CombinatorialPurged(case["n_folds"], case["n_test_folds"], timedelta(days=case["embargo_size"]))
    folds = splitter.split(days(case["n"], label=case["purged_size"] or 0.5))
    assert [(rows_of(fold.train), rows_of(fold.test)) for fold in folds] == [
        (rows_in(fold["train"]), rows_in(fold["test"])) for fold in case["folds"]
    ]


def test_training_sizes_of_six_groups_are_the_published_ones() -> None:
    folds = CombinatorialPurged(6, 2, timedelta(days=3)).split(days(100, label=2))
    sizes = [len(fold.train) // BESIDE for fold in folds]
    assert sizes == [63, 56, 56, 56, 57, 61, 54, 54, 55, 61, 54, 55, 61, 55, 62]


def test_one_day_of_samples_is_a_day_of_the_axis() -> None:
    assert days(12, label=1).label_end[0] - days(12, label=1).label_start[0] == DAY
