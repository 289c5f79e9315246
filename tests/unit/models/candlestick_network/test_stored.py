"""A stored network says the same, has the same bytes, and is refused when one of them has changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as write_tensors

from trimtab.errors import ArtifactError, IntegrityError, NotFoundError
from trimtab.models.candlestick_network import stored
from trimtab.models.candlestick_network.comparison import Comparison
from trimtab.models.candlestick_network.folder import NAME, load_from, save_to
from trimtab.models.candlestick_network.stored import (
    GOLDEN,
    WEIGHTS,
    load_network,
    network_files,
    network_from,
    store_network,
)
from trimtab.models.candlestick_network.windows import Windows
from trimtab.storage.artifacts import ArtifactStore
from trimtab.storage.hashing import canonical_json


def test_a_network_read_back_says_the_same_and_has_the_same_bytes(
    made: Comparison, windows: Windows, tmp_path: Path
) -> None:
    digest = store_network(ArtifactStore(tmp_path), made.model, windows)
    again = load_network(ArtifactStore(tmp_path), digest, tolerance=0.0)
    some = windows.take(np.arange(200))
    assert np.array_equal(again.probabilities_of(some), made.model.probabilities_of(some))
    assert np.array_equal(again.thresholds, made.model.thresholds)
    assert again.split == made.model.split
    assert network_files(again) == network_files(made.model)
    assert store_network(ArtifactStore(tmp_path), again, windows) == digest


def test_golden_windows_hold_hard_cases_and_an_unknown_one(made: Comparison, windows: Windows) -> None:
    said = made.model.probabilities(stored.golden_windows(windows))
    assert np.isnan(said).all(axis=1).tolist() == [*[False] * 15, True]


@pytest.mark.parametrize("name", ["model.json", WEIGHTS, GOLDEN, "manifest"])
def test_a_flipped_bit_is_refused_before_a_parser_sees_it(
    name: str, made: Comparison, windows: Windows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = ArtifactStore(tmp_path)
    digest = store_network(artifacts, made.model, windows)
    manifest = json.loads(artifacts.get(digest))
    path = artifacts.path(digest if name == "manifest" else manifest["files"][name]["sha256"])
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    parsed: list[object] = []
    monkeypatch.setattr(stored, "network_from", parsed.append)
    with pytest.raises(IntegrityError, match="damaged"):
        load_network(artifacts, digest)
    assert not parsed


def test_a_file_that_is_gone_is_said(made: Comparison, windows: Windows, tmp_path: Path) -> None:
    artifacts = ArtifactStore(tmp_path)
    digest = store_network(artifacts, made.model, windows)
    artifacts.path(json.loads(artifacts.get(digest))["files"][WEIGHTS]["sha256"]).unlink()
    with pytest.raises(NotFoundError):
        load_network(artifacts, digest)


def test_other_weights_under_a_right_hash_are_noticed_by_the_golden_windows(
    made: Comparison, windows: Windows, tmp_path: Path
) -> None:
    artifacts = ArtifactStore(tmp_path)
    digest = store_network(artifacts, made.model, windows)

    def louder(manifest: dict[str, Any]) -> None:
        arrays = read_tensors(artifacts.get(manifest["files"][WEIGHTS]["sha256"]))
        forged = write_tensors({name: array * np.float32(1.01) for name, array in arrays.items()})
        manifest["files"][WEIGHTS] = {"sha256": artifacts.put(forged), "size_bytes": len(forged)}

    with pytest.raises(ArtifactError, match="golden window"):
        load_network(artifacts, _forged(artifacts, digest, louder))


def test_a_file_more_or_a_model_of_another_family_is_refused(
    made: Comparison, windows: Windows, tmp_path: Path
) -> None:
    artifacts = ArtifactStore(tmp_path)
    digest = store_network(artifacts, made.model, windows)
    extra = {"sha256": artifacts.put(b"\x80pickle"), "size_bytes": 7}
    with pytest.raises(ArtifactError, match="it must have"):
        load_network(artifacts, _forged(artifacts, digest, lambda m: m["files"].update({"extra.pkl": extra})))
    with pytest.raises(ArtifactError, match="of family 'linear'"):
        load_network(artifacts, _forged(artifacts, digest, lambda m: m.update(family="linear")))


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["learned"].pop("thresholds"),
        lambda m: m["learned"].update(thresholds=[0.5]),
        lambda m: m["learned"].update(patterns=["doji"]),
        lambda m: m["learned"].update(split=None),
        lambda m: m["parameters"].update(hidden=17),
        lambda m: m["parameters"].update(hidden=10**9),
        lambda m: m["parameters"].update(depth=3),
        lambda m: m.update(family="cnn"),
    ],
)
def test_a_damaged_description_is_a_sentence(made: Comparison, change: Callable[[dict[str, Any]], object]) -> None:
    files = network_files(made.model)
    described = json.loads(files["model.json"])
    change(described)
    with pytest.raises(ArtifactError):
        network_from({**files, "model.json": canonical_json(described).encode()})


def test_damaged_weights_are_a_sentence(made: Comparison) -> None:
    files = network_files(made.model)
    with pytest.raises(ArtifactError, match="missing or damaged"):
        network_from({**files, WEIGHTS: files[WEIGHTS][:-4]})
    double = {name: array.astype(np.float64) for name, array in made.model.weights.items()}
    with pytest.raises(ArtifactError, match="float32"):
        network_from(network_files(replace(made.model, weights=double)))


@pytest.mark.slow
def test_a_folder_names_its_network_and_a_fresh_process_reads_it_the_same(
    made: Comparison, windows: Windows, tmp_path: Path
) -> None:
    save_to(tmp_path / "network", made.model, windows)
    assert network_files(load_from(tmp_path / "network")) == network_files(made.model)


def test_a_folder_without_a_network_or_with_another_name_in_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="trimtab models patterns train"):
        load_from(tmp_path)
    (tmp_path / NAME).write_bytes(b"\xff\xfe not a digest")
    with pytest.raises(ArtifactError, match="one SHA-256"):
        load_from(tmp_path)
    (tmp_path / NAME).write_text("latest")
    with pytest.raises(IntegrityError, match="not a SHA-256"):
        load_from(tmp_path)


def _forged(artifacts: ArtifactStore, digest: str, change: Callable[[dict[str, Any]], object]) -> str:
    """The digest of a manifest that was changed and hashed anew."""
    manifest = json.loads(artifacts.get(digest))
    change(manifest)
    return artifacts.put(canonical_json(manifest).encode())
