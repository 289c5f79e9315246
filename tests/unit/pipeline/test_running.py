from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trimtab.config import Settings
from trimtab.errors import ConflictError, NotFoundError
from trimtab.pipeline import running
from trimtab.pipeline.running import Produced, read_document, run_stage, stage_values
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.atomic import write_text
from trimtab.storage.hashing import fingerprint_json

STRATEGY = 'name = "mine"\n[universe]\ninstruments = ["AAA"]\n[label]\nkind = "direction"\n'


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "mine.toml").write_text(STRATEGY)
    return Workspace.open(Settings(data_dir=tmp_path / "data", strategies_dir=tmp_path))


def reported(workspace: Workspace, document: dict[str, Any]) -> Callable[[], Produced]:
    """A stage that leaves a report and a plot."""

    def compute() -> Produced:
        path = workspace.report_folder("s", "k") / "report.json"
        write_text(path, json.dumps(document))
        return Produced(fingerprint_json(document), plots={"p": b"png"}, links={"report": path})

    return compute


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


@pytest.mark.parametrize("file", ["report.json", "p.png"])
def test_a_file_that_is_not_the_one_of_the_manifest_is_made_again(file: str, workspace: Workspace) -> None:
    path = workspace.report_folder("s", "k") / file

    def run() -> bool:
        return run_stage(workspace, "s", "k", lambda: {}, reported(workspace, {"sharpe": 1})).skipped

    assert not run()
    assert run()
    path.write_bytes(path.read_bytes() + b" ")  # as many things may do: an editor, a run that was killed
    assert not run()
    assert run()


def test_a_run_killed_before_its_manifest_leaves_nothing_that_passes_for_the_run_before(workspace: Workspace) -> None:
    def killed() -> Produced:
        reported(workspace, {"sharpe": 9})()
        raise KeyboardInterrupt

    def run(cost: int, compute: Callable[[], Produced]) -> bool:
        return run_stage(workspace, "s", "k", lambda: {"cost": cost}, compute).skipped

    assert not run(50, reported(workspace, {"sharpe": 1}))
    assert read_document(workspace, "s", "k") == {"sharpe": 1}
    with pytest.raises(KeyboardInterrupt):
        run(0, killed)
    with pytest.raises(NotFoundError, match=r"not the one that its last finished run wrote; run the stage s again"):
        read_document(workspace, "s", "k")
    assert not run(50, reported(workspace, {"sharpe": 1}))
    assert read_document(workspace, "s", "k") == {"sharpe": 1}


def test_a_manifest_without_digests_counts_as_changed(workspace: Workspace) -> None:
    run_stage(workspace, "s", "k", lambda: {}, reported(workspace, {}))
    path = next(workspace.manifests.root.rglob("k.json"))
    path.write_text(path.read_text().replace('"digests"', '"other"'))
    assert not run_stage(workspace, "s", "k", lambda: {}, reported(workspace, {})).skipped


def test_a_file_that_other_stages_write_too_is_only_asked_to_be_there(workspace: Workspace) -> None:
    shared = workspace.lake.root / "bars" / "AAA"
    shared.parent.mkdir(parents=True, exist_ok=True)

    def run() -> bool:
        return run_stage(workspace, "s", "k", lambda: {}, lambda: Produced("v", links={"store": shared})).skipped

    shared.write_text("one")
    assert not run()
    shared.write_text("another")
    assert run()
    shared.unlink()
    assert not run()


def test_a_document_of_a_stage_that_never_ran_says_which(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="the stage backtest_report has not run for 'mine'"):
        read_document(workspace, "backtest_report", "mine")


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
