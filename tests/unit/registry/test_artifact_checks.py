"""A stored model is checked before anybody relies on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from trimtab.errors import ArtifactError
from trimtab.registry.artifact_checks import ArtifactCheck, check_artifacts
from trimtab.registry.models import ArtifactFile
from trimtab.storage.artifacts import ArtifactStore


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path)


def _put(store: ArtifactStore, content: bytes = b"tree" * 250) -> ArtifactFile:
    return ArtifactFile("model.txt", store.put(content), len(content))


def _check(store: ArtifactStore, files: list[ArtifactFile], **overrides: object) -> dict[str, ArtifactCheck]:
    ticks: Iterator[float] = iter([10.0, 10.5])
    arguments: dict[str, object] = {
        "feature_names": ["rsi_14"], "catalogue": {"rsi_14", "atr_14"}, "load": lambda: None,
        "max_megabytes": 0.001, "max_load_seconds": 0.5, "timer": lambda: next(ticks),
    }  # fmt: skip
    checks = check_artifacts(store, files, **{**arguments, **overrides})  # type: ignore[arg-type]  # by name
    return {check.name: check for check in checks}


def test_a_good_model_passes_exactly_on_every_limit(store: ArtifactStore) -> None:
    checks = _check(store, [_put(store)])
    assert {name: check.passed for name, check in checks.items()} == {
        "artifact_size": True, "artifact_integrity": True, "load_time": True, "features_exist": True,
    }  # fmt: skip
    assert checks["artifact_size"].value == 0.001
    assert checks["load_time"].value == 0.5


def test_one_byte_too_many_is_too_large(store: ArtifactStore) -> None:
    check = _check(store, [_put(store, b"x" * 1001)])["artifact_size"]
    assert not check.passed
    assert "above the limit of 0.001 MB" in check.detail


def test_damaged_bytes_are_found_and_never_loaded(store: ArtifactStore) -> None:
    file = _put(store)
    path = store.path(file.sha256)
    path.write_bytes(b"TREE" + path.read_bytes()[4:])
    checks = _check(store, [file], load=lambda: pytest.fail("must not be loaded"))
    assert "'model.txt' does not have the registered SHA-256" in checks["artifact_integrity"].detail
    assert not checks["artifact_integrity"].passed
    assert not checks["load_time"].passed


def test_a_missing_file_a_wrong_size_and_no_file_at_all_are_found(store: ArtifactStore) -> None:
    file = _put(store)
    wrong_size = ArtifactFile(file.name, file.sha256, 7)
    missing = ArtifactFile("other.txt", "0" * 64, 7)
    detail = _check(store, [wrong_size, missing])["artifact_integrity"].detail
    assert "'model.txt' has 1000 bytes, registered were 7" in detail
    assert "'other.txt' is missing" in detail
    assert not _check(store, [])["artifact_integrity"].passed


def test_a_model_that_does_not_load_or_loads_slowly_fails(store: ArtifactStore) -> None:
    def broken() -> None:
        raise ArtifactError("not a LightGBM text")

    file = _put(store)
    assert "does not load: not a LightGBM text" in _check(store, [file], load=broken)["load_time"].detail
    assert not _check(store, [file], max_load_seconds=0.49)["load_time"].passed


def test_a_feature_nobody_can_compute_is_named(store: ArtifactStore) -> None:
    check = _check(store, [_put(store)], feature_names=["rsi_14", "magic"])["features_exist"]
    assert not check.passed
    assert check.detail == "the catalogue lacks magic"
