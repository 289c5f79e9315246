from __future__ import annotations

import numpy as np
import pytest
from fakes.samples import samples

from trimtab.datasets import Dataset
from trimtab.datasets.build import build_dataset
from trimtab.datasets.snapshot import fingerprint, load_snapshot, save_snapshot
from trimtab.errors import DatasetError, NotFoundError, StorageError
from trimtab.storage.lake import Lake

RECIPE = {"as_of": "2020-06-01", "features": {"a": 1}}


@pytest.fixture
def dataset() -> Dataset:
    return build_dataset([samples("AAA", seed=1), samples("BBB", seed=2)])


def test_a_snapshot_comes_back_bit_for_bit_under_its_fingerprint(lake: Lake, dataset: Dataset) -> None:
    name = save_snapshot(lake, dataset, RECIPE)
    back, recipe = load_snapshot(lake, name)
    assert recipe == RECIPE
    for field, array in dataset.arrays():
        np.testing.assert_array_equal(getattr(back, field), array)
    assert (back.feature_names, back.instruments, back.task) == (
        dataset.feature_names,
        dataset.instruments,
        dataset.task,
    )
    assert save_snapshot(lake, back, recipe) == name


def test_content_and_recipe_are_both_in_the_fingerprint(dataset: Dataset) -> None:
    name = fingerprint(dataset, RECIPE)
    assert fingerprint(dataset, RECIPE | {"as_of": "2020-06-02"}) != name
    assert fingerprint(dataset.take(np.arange(len(dataset) - 1)), RECIPE) != name


def test_a_changed_byte_is_found_at_load(lake: Lake, dataset: Dataset) -> None:
    name = save_snapshot(lake, dataset, RECIPE)
    path = lake.tables.path(f"datasets/{name}/samples")
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises((DatasetError, StorageError)):
        load_snapshot(lake, name)


def test_an_exchanged_snapshot_is_found_at_load(lake: Lake, dataset: Dataset) -> None:
    name = save_snapshot(lake, dataset, RECIPE)
    other = save_snapshot(lake, dataset.take(np.arange(300)), RECIPE)
    lake.tables.path(f"datasets/{other}/samples").replace(lake.tables.path(f"datasets/{name}/samples"))
    with pytest.raises(DatasetError, match="its content does not give its fingerprint"):
        load_snapshot(lake, name)


def test_an_absent_snapshot_is_said(lake: Lake) -> None:
    with pytest.raises(NotFoundError, match="there is no dataset abc"):
        load_snapshot(lake, "abc")
