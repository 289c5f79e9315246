from __future__ import annotations

from pathlib import Path

import pytest

from trimtab.config import Settings
from trimtab.errors import ConflictError
from trimtab.pipeline import running
from trimtab.pipeline.running import Produced, run_stage, stage_values
from trimtab.pipeline.workspace import Workspace

STRATEGY = 'name = "mine"\n[universe]\ninstruments = ["AAA"]\n[label]\nkind = "direction"\n'


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "mine.toml").write_text(STRATEGY)
    return Workspace.open(Settings(data_dir=tmp_path / "data", strategies_dir=tmp_path))


def test_the_same_inputs_are_recognised_and_other_inputs_are_not(workspace: Workspace) -> None:
    made: list[int] = []

    def compute() -> Produced:
        made.append(1)
        return Produced("v1", metrics={"x": 1}, plots={"A plot": b"png"}, summary={"answer": 42})

    first = run_stage(workspace, "stage", "key", lambda: {"a": 1}, compute)
    again = run_stage(workspace, "stage", "key", lambda: {"a": 1}, compute)
    assert (first.skipped, again.skipped, len(made)) == (False, True, 1)
    assert (again.metrics, again.data_version) == (first.metrics, "v1")
    assert again.plots["A plot"].read_bytes() == b"png"
    assert stage_values(workspace, "stage", "key") == {"answer": 42, "data_version": "v1"}
    assert not run_stage(workspace, "stage", "key", lambda: {"a": 2}, compute).skipped


def test_a_deleted_plot_or_output_is_made_again(workspace: Workspace) -> None:
    def run(is_there: bool = True) -> bool:
        return run_stage(
            workspace, "s", "k", lambda: {}, lambda: Produced("v", plots={"p": b"x"}), lambda _: is_there
        ).skipped

    assert not run()
    assert run()
    assert not run(is_there=False)
    (workspace.report_folder("s", "k") / "p.png").unlink()
    assert not run()


def test_edited_code_makes_everything_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not run_stage(workspace, "s", "k", lambda: {}, lambda: Produced("v")).skipped
    monkeypatch.setattr(running, "code_fingerprint", lambda: "another")
    assert not run_stage(workspace, "s", "k", lambda: {}, lambda: Produced("v")).skipped


def test_inputs_that_changed_while_computing_are_computed_again(workspace: Workspace) -> None:
    stored, seen = {"bars": 1}, []

    def compute() -> Produced:
        seen.append(stored["bars"])
        stored["bars"] = 2  # somebody ingests while this stage computes
        return Produced(f"from {seen[-1]}")

    assert run_stage(workspace, "s", "k", lambda: dict(stored), compute).data_version == "from 2"
    assert seen == [1, 2]


def test_inputs_that_never_stand_still_are_said(workspace: Workspace) -> None:
    stored = {"bars": 1}

    def compute() -> Produced:
        stored["bars"] += 1
        return Produced("v")

    with pytest.raises(ConflictError, match=r"the inputs of s for k changed 3 times while it was computed"):
        run_stage(workspace, "s", "k", lambda: dict(stored), compute)
    assert stage_values(workspace, "s", "k") is None


def test_a_stage_that_fails_leaves_no_record(workspace: Workspace) -> None:
    def fail() -> Produced:
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError):
        run_stage(workspace, "s", "k", lambda: {}, fail)
    assert not run_stage(workspace, "s", "k", lambda: {}, lambda: Produced("v")).skipped
