"""A checkpoint that cannot be trusted is left aside, with a word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from fakes.dying import Died
from fakes.network_rows import DyingAt, make_rows, small_network

from trimtab.models.networks.outcome import squared
from trimtab.models.networks.training import Trained, TrainingSettings, train
from trimtab.models.protocol import FitContext

CONTEXT = FitContext(seed=5, n_threads=1, device="cpu")


def run(context: FitContext, fingerprint: str = "f") -> Trained:
    settings = TrainingSettings(epochs=5, batch_size=64, learning_rate=0.02)
    return train(small_network(), make_rows(), make_rows(seed=1), squared, settings, context, fingerprint)


def interrupted(folder: Path, fingerprint: str = "f") -> Path:
    before = set(folder.iterdir())
    with pytest.raises(Died):
        run(replace(CONTEXT, checkpoints=folder, watch=DyingAt(3)), fingerprint)
    return (set(folder.iterdir()) - before).pop()


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "nonsense"])
def test_a_damaged_checkpoint_is_left_aside_with_a_warning(damage: str, tmp_path: Path) -> None:
    path = interrupted(tmp_path)
    whole = path.read_bytes()
    middle = len(whole) // 2
    number = (
        64 + 8 + int.from_bytes(whole[64:72], "little")
    )  # behind the digest and the header: a number no parser minds
    flipped = whole[:number] + bytes([whole[number] ^ 0x10]) + whole[number + 1 :]
    damaged = {"flipped": flipped, "cut": whole[:middle], "empty": b"", "nonsense": b"nonsense"}
    path.write_bytes(damaged[damage])
    with pytest.warns(UserWarning, match="starts anew"):
        trained = run(replace(CONTEXT, checkpoints=tmp_path))
    assert trained.history == run(CONTEXT).history
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_under_the_name_of_another_is_left_aside_with_a_warning(tmp_path: Path) -> None:
    foreign, own = interrupted(tmp_path, "g"), interrupted(tmp_path, "f")
    foreign.rename(own)
    with pytest.warns(UserWarning, match="another training"):
        trained = run(replace(CONTEXT, checkpoints=tmp_path))
    assert all(torch.equal(tensor, run(CONTEXT).state[name]) for name, tensor in trained.state.items())


def test_without_a_folder_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Died):
        run(replace(CONTEXT, watch=DyingAt(3)))
    assert list(tmp_path.iterdir()) == []
