from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from fakes.datasets import make_dataset
from fakes.samples import samples

from trimtab.config.strategy import DatasetRules
from trimtab.datasets import Dataset
from trimtab.datasets.build import build_dataset
from trimtab.datasets.history import History
from trimtab.datasets.snapshot import fingerprint, load_snapshot, read_left_out, save_snapshot
from trimtab.errors import DatasetError, NotFoundError, StorageError
from trimtab.storage.lake import Lake

FROZEN = "61033831a1c6392b3715b6113a4df0b03b667faa9389b04681901f9e67f24bd0"
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


def test_horizons_and_history_come_back_bit_for_bit_too(lake: Lake) -> None:
    parts = [samples(name, seed=seed, further=(1, 15)) for name, seed in (("AAA", 1), ("BBB", 2))]
    dataset = build_dataset(parts, with_history=True)
    name = save_snapshot(lake, dataset, RECIPE)
    back, _ = load_snapshot(lake, name)
    arrays = dict(back.arrays())
    assert set(arrays) == {field for field, _ in dataset.arrays()} and "target@15" in arrays and "position" in arrays
    for field, array in dataset.arrays():
        np.testing.assert_array_equal(arrays[field], array)
        assert arrays[field].dtype == array.dtype
    assert back.horizons == (3, 1, 15)
    np.testing.assert_array_equal(back.windows(7), dataset.windows(7))
    assert back.history is not None and back.history.features.flags.c_contiguous
    assert save_snapshot(lake, back, RECIPE) == name


def test_when_samples_were_superseded_comes_back_too(lake: Lake) -> None:
    part = samples("AAA", further=(1,))
    moments = np.full((2, 200), np.datetime64("NaT"), "datetime64[us]")
    moments[0, 50:60], moments[1, 55:60] = np.datetime64("2020-06-01", "us"), np.datetime64("2020-06-02", "us")
    part = replace(part, superseded=tuple(moments))
    dataset, stricter = (build_dataset([part], DatasetRules(superseded_weight=share)) for share in (0.5, 0.25))
    name = save_snapshot(lake, dataset, RECIPE)
    assert save_snapshot(lake, stricter, RECIPE) != name
    back, _ = load_snapshot(lake, name)
    assert back.superseded_weight == 0.5 and save_snapshot(lake, back, RECIPE) == name
    arrays = dict(back.arrays())
    for field in ("superseded_at", "superseded_at@1", "superseded_at@3"):
        np.testing.assert_array_equal(arrays[field], dict(dataset.arrays())[field])
        assert (~np.isnat(arrays[field])).sum() == (5 if field.endswith("@1") else 10)


def test_the_history_is_in_the_fingerprint_and_its_damage_is_found(lake: Lake) -> None:
    plain, whole = (build_dataset([samples("AAA")], with_history=asked) for asked in (False, True))
    assert whole.history is not None
    other = replace(whole, history=History(whole.history.features + 1e-9, whole.history.first))
    assert len({fingerprint(each, RECIPE) for each in (plain, whole, other)}) == 3
    name, wrong = save_snapshot(lake, whole, RECIPE), save_snapshot(lake, other, RECIPE)
    lake.tables.path(f"datasets/{wrong}/history").replace(lake.tables.path(f"datasets/{name}/history"))
    with pytest.raises(DatasetError, match="its content does not give its fingerprint"):
        load_snapshot(lake, name)


def test_a_plain_dataset_keeps_the_name_and_the_files_it_always_had(lake: Lake) -> None:
    plain = make_dataset(n=120, k=2)  # frozen when datasets had one horizon and no history
    assert fingerprint(plain, RECIPE) == FROZEN
    save_snapshot(lake, plain, RECIPE)
    assert sorted(path.name for path in (lake.root / "datasets" / FROZEN).iterdir()) == [
        "recipe.json",
        "samples.parquet",
    ]
    described = json.loads((lake.root / "datasets" / FROZEN / "recipe.json").read_text())
    assert set(described) == {"fingerprint", "task", "horizon", "recipe"}


def test_why_bars_are_no_samples_is_kept_beside_the_recipe(lake: Lake, dataset: Dataset) -> None:
    name = save_snapshot(lake, dataset, RECIPE, {"no naive forecast yet": 3})
    assert read_left_out(lake, name) == {"no naive forecast yet": 3}
    assert fingerprint(dataset, RECIPE) == name
    other = save_snapshot(lake, dataset, RECIPE | {"as_of": "2020-06-02"})
    assert read_left_out(lake, other) == {}


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
