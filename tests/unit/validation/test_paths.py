from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.validation.paths import assemble_paths, recombined_paths
from trimtab.validation.splitters import CombinatorialPurged

SKFOLIO = json.loads((Path(__file__).parent / "splitters" / "skfolio_folds.json").read_text())


def test_five_groups_two_judged_give_the_published_four_paths() -> None:
    expected = [[0, 1, 2, 3], [0, 4, 5, 6], [1, 4, 7, 8], [2, 5, 7, 9], [3, 6, 8, 9]]
    assert recombined_paths(5, 2).tolist() == expected


@pytest.mark.parametrize("case", SKFOLIO["combinatorial_purged"], ids=str)
def test_paths_are_those_of_skfolio(case: dict) -> None:
    n_folds, n_test_folds = case["n_folds"], case["n_test_folds"]
    assert recombined_paths(n_folds, n_test_folds).tolist() == case["recombined_paths"]
    assert CombinatorialPurged(n_folds, n_test_folds).n_paths == case["n_paths"]


@pytest.mark.parametrize(("n_folds", "n_test_folds"), [(2, 1), (6, 2), (7, 3), (5, 4)])
def test_every_path_takes_each_group_from_a_fold_that_judged_it_and_no_forecast_is_used_twice(
    n_folds: int, n_test_folds: int
) -> None:
    groups = CombinatorialPurged(n_folds, n_test_folds).test_groups
    used = [(group, int(fold)) for group, row in enumerate(recombined_paths(n_folds, n_test_folds)) for fold in row]
    assert len(set(used)) == len(used) == sum(len(chosen) for chosen in groups)
    assert all(group in groups[fold] for group, fold in used)


def test_a_path_has_one_forecast_for_every_row_by_the_fold_that_supplies_its_group() -> None:
    dataset, splitter = make_dataset(203), CombinatorialPurged(5, 3)
    folds = splitter.split(dataset)
    # A forecast that tells which fold made it, and of which row.
    values = [1000.0 * number + fold.test for number, fold in enumerate(folds)]
    paths = assemble_paths(splitter, dataset, values)
    assert len(paths) == splitter.n_paths == 6
    for path in paths:
        assert path.row.tolist() == list(range(203))
        assert (path.value % 1000).tolist() == path.row.tolist()
        for group, rows in enumerate(splitter.groups(dataset)):
            assert set(path.value[rows] // 1000) == {path.folds[group]}
    together = np.concatenate([path.value for path in paths])
    assert sorted(together) == sorted(np.concatenate(values))
