from __future__ import annotations

from pathlib import Path

from trimtab.storage.manifests import ManifestStore


def test_only_exactly_the_same_inputs_are_recognised(tmp_path: Path) -> None:
    store = ManifestStore(tmp_path)
    store.record("features", "AAPL__1d", {"bars": "f1", "version": 1}, "out", {"rows": 3})
    found = store.find("features", "AAPL__1d", {"version": 1, "bars": "f1"})
    assert found is not None
    assert (found.output_fingerprint, found.summary) == ("out", {"rows": 3})
    assert store.find("features", "AAPL__1d", {"bars": "f2", "version": 1}) is None
    assert store.find("features", "GOOG__1d", {"bars": "f1", "version": 1}) is None


def test_a_damaged_manifest_means_the_stage_is_done_again(tmp_path: Path) -> None:
    store = ManifestStore(tmp_path)
    store.record("features", "k", {}, "out", {})
    (tmp_path / "features" / "k.json").write_text('{"inputs_fing')
    assert store.find("features", "k", {}) is None
