from __future__ import annotations

from pathlib import Path

import pytest

from trimtab.errors import IntegrityError, NotFoundError
from trimtab.storage.artifacts import ArtifactStore


def test_three_flipped_bytes_are_found_before_anybody_parses(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    digest = store.put(b"a model of some length")
    damaged = bytearray(store.path(digest).read_bytes())
    for position in (1, 7, 13):
        damaged[position] ^= 0xFF
    store.path(digest).write_bytes(bytes(damaged))
    with pytest.raises(IntegrityError, match="is damaged: its SHA-256 is"):
        store.get(digest)
    assert store.put(b"a model of some length") == digest  # storing the true bytes heals it
    assert store.get(digest) == b"a model of some length"


def test_a_name_that_is_no_hash_never_reaches_the_disk(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="is not a SHA-256"):
        ArtifactStore(tmp_path).get("../../etc/passwd")


def test_an_absent_artifact_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="artifact 000000000000 is not in"):
        ArtifactStore(tmp_path).get("0" * 64)
