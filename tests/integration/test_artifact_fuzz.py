"""Damaged and forged model files: refused before a parser runs, and no parser that runs kills its process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.forged_models import MANIFEST, damaged, holders, packed

from trimtab.errors import IntegrityError
from trimtab.models import artifacts
from trimtab.models.families import FAMILIES
from trimtab.storage.artifacts import ArtifactStore
from trimtab.storage.hashing import sha256_bytes

TESTS = Path(__file__).resolve().parents[1]
N_PER_FORMAT = 500
DAMAGES = 6  # kinds of damage `damaged` cycles through


@pytest.mark.slow
def test_five_hundred_damaged_files_of_every_format_are_refused_before_a_parser_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, parsed = ArtifactStore(tmp_path), []
    monkeypatch.setattr(artifacts, "load_fitted", parsed.append)
    monkeypatch.setattr(artifacts.GoldenRows, "from_bytes", parsed.append)
    for family in FAMILIES:
        for content in packed(family).values():
            store.put(content)
    n_refused = {}
    for kind, places in holders().items():
        n_refused[kind] = 0
        for seed in range(N_PER_FORMAT):
            family, name = places[seed // DAMAGES % len(places)]
            content, manifest = packed(family)[name], sha256_bytes(packed(family)[MANIFEST])
            path = store.path(sha256_bytes(content))
            path.write_bytes(damaged(content, seed))
            with pytest.raises(IntegrityError):
                artifacts.load_model(store, manifest)
            path.write_bytes(content)
            n_refused[kind] += 1
    assert not parsed and set(n_refused.values()) == {N_PER_FORMAT}
    assert {name.rpartition(".")[2] for name in n_refused} == {"json", "txt", "ubj", "safetensors"}


@pytest.mark.slow
def test_five_hundred_forged_files_of_every_format_are_refused_or_load_and_never_kill_the_process(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "fakes.forged_models", str(tmp_path), str(N_PER_FORMAT)]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, timeout=500, check=False)
    last = (tmp_path / "tries.txt").read_text().splitlines()[-1:]
    assert done.returncode == 0, f"family, file and seed {last}: ended with {done.returncode}: {done.stderr[-2000:]}"
    outcome = json.loads((tmp_path / "outcome.json").read_text())
    assert set(outcome) == set(holders())
    assert all(sum(counts.values()) == N_PER_FORMAT and counts["refused"] for counts in outcome.values())
