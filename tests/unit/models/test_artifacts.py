from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.errors import ArtifactError, IntegrityError, NotFoundError
from trimtab.models import parity
from trimtab.models.artifacts import (
    StoredModel,
    check_files,
    load_model,
    manifest_of,
    pack,
    read_manifest,
    store_model,
    verify_in_fresh_process,
)
from trimtab.models.families import make_forecaster
from trimtab.models.golden import choose_golden_rows
from trimtab.models.linear import FittedLinear
from trimtab.models.protocol import FitContext
from trimtab.storage.artifacts import ArtifactStore
from trimtab.storage.hashing import canonical_json

DATASET = make_dataset(200)
GOLDEN = choose_golden_rows(DATASET.features)
FITTED = make_forecaster("linear").fit(DATASET, None, FitContext(1, 1))


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path)


@pytest.fixture
def stored(store: ArtifactStore) -> StoredModel:
    return store_model(store, FITTED, GOLDEN)


def put_manifest(store: ArtifactStore, manifest: object) -> str:
    return store.put(canonical_json(manifest).encode())


def test_the_manifest_names_what_a_reader_wants_to_know(store: ArtifactStore, stored: StoredModel) -> None:
    manifest = read_manifest(store, stored.manifest_digest)
    assert (manifest["family"], manifest["task"]) == ("linear", "classification")
    assert manifest["feature_names"] == list(DATASET.feature_names)
    assert manifest["parameters"] == {"l2": 100.0}
    assert set(manifest["files"]) == {"model.json", "golden.safetensors"}
    assert {"numpy", "lightgbm", "scikit-learn"} <= set(manifest["libraries"])
    assert "torch" not in manifest["libraries"]


def test_the_manifest_of_a_network_names_its_pytorch_inside_a_wrapper_too() -> None:
    given = {"family": "dense", "hidden": [4], "epochs": 1, "scaling": "standard"}
    network = make_forecaster("preprocessed", given).fit(DATASET, None, FitContext(1, 1))
    assert "torch" in manifest_of(network, network.save())["libraries"]


def test_equal_models_have_one_name_and_different_ones_two(store: ArtifactStore, stored: StoredModel) -> None:
    again = make_forecaster("linear").fit(DATASET, None, FitContext(1, 1))
    other = make_forecaster("linear", {"l2": 99.0}).fit(DATASET, None, FitContext(1, 1))
    assert store_model(store, again, GOLDEN).manifest_digest == stored.manifest_digest
    assert store_model(store, other, GOLDEN).manifest_digest != stored.manifest_digest


def test_a_model_that_is_gone_or_lost_a_file_is_not_found(store: ArtifactStore, stored: StoredModel) -> None:
    with pytest.raises(NotFoundError):
        load_model(store, "0" * 64)
    store.path(stored.files[0].sha256).unlink()
    with pytest.raises(NotFoundError):
        load_model(store, stored.manifest_digest)


def test_a_size_that_is_not_the_manifests_is_noticed(store: ArtifactStore, stored: StoredModel) -> None:
    manifest = read_manifest(store, stored.manifest_digest)
    manifest["files"]["model.json"]["size_bytes"] += 1
    with pytest.raises(IntegrityError, match="bytes"):
        load_model(store, put_manifest(store, manifest))


@pytest.mark.parametrize(
    "content", [b"{}", b"[]", b"{", b'{"format":1,"files":[]}', b'{"format":1,"files":{}}', b"text"]
)
def test_what_is_no_manifest_is_refused(store: ArtifactStore, content: bytes) -> None:
    with pytest.raises(ArtifactError):
        load_model(store, store.put(content))


def test_a_pickle_in_place_of_the_manifest_is_refused(store: ArtifactStore) -> None:
    with pytest.raises(ArtifactError, match="is a pickle"):
        load_model(store, store.put(b"\x80\x05\x95\x04\x00."))


@pytest.mark.parametrize("name", ["model.pkl", "weights.joblib", "member.pt"])
def test_the_name_of_a_pickle_is_refused(name: str) -> None:
    with pytest.raises(ArtifactError, match="is a pickle"):
        check_files({**pack(FITTED, GOLDEN), name: b"(dp0\n."})


@pytest.mark.parametrize(("name", "content"), [("extra.json", b"{}"), ("member_0/model.json", b"{}")])
def test_a_file_or_folder_the_family_does_not_have_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(ArtifactError, match="the model has"):
        check_files({**pack(FITTED, GOLDEN), name: content})


def test_a_program_under_another_name_is_refused() -> None:
    with pytest.raises(ArtifactError, match="formats a model may have"):
        check_files({**pack(FITTED, GOLDEN), "setup.py": b"print()"})


def test_a_model_without_golden_rows_is_refused() -> None:
    with pytest.raises(ArtifactError, match="no golden"):
        check_files(FITTED.save())


def test_golden_rows_that_come_out_differently_are_refused(store: ArtifactStore) -> None:
    other = replace(FITTED, intercept=FITTED.intercept + 1e-3)
    files = {**pack(other, GOLDEN), "model.json": FITTED.save()["model.json"]}
    for content in files.values():
        store.put(content)
    with pytest.raises(ArtifactError, match="forecasts"):
        load_model(store, put_manifest(store, manifest_of(FITTED, files)))


def test_last_digits_may_differ_at_load_but_not_when_the_gate_asks_for_bits(
    store: ArtifactStore, capsys: pytest.CaptureFixture[str]
) -> None:
    other = replace(FITTED, intercept=FITTED.intercept + 1e-12)
    files = {**pack(other, GOLDEN), "model.json": FITTED.save()["model.json"]}
    for content in files.values():
        store.put(content)
    digest = put_manifest(store, manifest_of(FITTED, files))
    load_model(store, digest)
    assert parity.main([str(store.root), digest]) == 1
    assert "forecasts" in capsys.readouterr().err


def test_a_manifest_of_another_model_is_refused(store: ArtifactStore, stored: StoredModel) -> None:
    manifest = read_manifest(store, stored.manifest_digest)
    manifest["feature_names"][0] = "another"
    with pytest.raises(ArtifactError, match="not what its manifest says"):
        load_model(store, put_manifest(store, manifest))


def test_a_model_that_cannot_be_read_back_is_not_stored_as_good(store: ArtifactStore) -> None:
    class Forgetful(FittedLinear):
        def save(self) -> dict[str, bytes]:
            return replace(FITTED, intercept=FITTED.intercept + 1.0).save()

    forgetful = Forgetful(**vars(FITTED))
    with pytest.raises(ArtifactError, match="forecasts"):
        store_model(store, forgetful, GOLDEN)


def test_a_fresh_process_reports_the_sentence_of_what_is_wrong(store: ArtifactStore, stored: StoredModel) -> None:
    verify_in_fresh_process(store, stored.manifest_digest)
    store.path(stored.files[0].sha256).write_bytes(b"damaged")
    with pytest.raises(ArtifactError, match=r"fresh process: artifact .* is damaged"):
        verify_in_fresh_process(store, stored.manifest_digest)


def test_the_parity_program_wants_two_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert parity.main([]) == 2
    assert "usage" in capsys.readouterr().err


def test_the_manifest_is_canonical_json(store: ArtifactStore, stored: StoredModel) -> None:
    content = store.get(stored.manifest_digest)
    assert canonical_json(json.loads(content)).encode() == content
    assert (
        "\n" not in content.decode()
        and str(store.root) not in content.decode()
        and sys.executable not in content.decode()
    )


def test_golden_rows_hold_real_rows_missing_values_and_extremes() -> None:
    assert len(GOLDEN) == 20
    assert np.isnan(GOLDEN[-1]).all()
    assert np.array_equal(GOLDEN[-2], np.nanmax(DATASET.features, axis=0))
    assert np.array_equal(GOLDEN[-3], np.nanmin(DATASET.features, axis=0))
    assert np.array_equal(GOLDEN[0], DATASET.features[0], equal_nan=True)
