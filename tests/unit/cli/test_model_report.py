from __future__ import annotations

from pathlib import Path

import pytest
from fakes.command_line import trimtab

from trimtab.config import Settings
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.models import Candidate

PAGE = "<!DOCTYPE html>\n<html lang='en'></html>\n"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A registered version, with a page unless a test takes it away."""
    (tmp_path / "strategies").mkdir()
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(tmp_path / "strategies"))
    opened = Workspace.open(Settings(data_dir=tmp_path / "data", strategies_dir=tmp_path / "strategies"))
    opened.registry.register_model(Candidate("mine", "linear", {}, {}, "d" * 64, "a" * 64, 10, "0.1.0"), "tester")
    folder = opened.report_folder("model_report", "mine")
    folder.mkdir(parents=True)
    (folder / "1.0.0.html").write_text(PAGE)
    return opened


def test_it_says_where_the_page_is(workspace: Workspace) -> None:
    document = trimtab("models", "report", "mine", "--json").document
    assert (document["strategy"], document["version"]) == ("mine", "1.0.0")
    assert Path(document["file"]).read_text() == PAGE
    assert document["bytes"] == len(PAGE)
    assert document["file"] in trimtab("models", "report", "mine").out


def test_a_copy_is_the_same_file_elsewhere(workspace: Workspace, tmp_path: Path) -> None:
    answer = trimtab("models", "report", "mine", "1.0.0", "--out", tmp_path / "copies" / "page.html", "--json")
    assert answer.code == 0
    assert (tmp_path / "copies" / "page.html").read_text() == PAGE
    assert answer.document["file"] == str(tmp_path / "copies" / "page.html")


def test_a_version_without_a_page_says_how_to_get_one(workspace: Workspace) -> None:
    (workspace.report_folder("model_report", "mine") / "1.0.0.html").unlink()
    answer = trimtab("models", "report", "mine")
    assert answer.code == 1
    assert answer.sentence == (
        "mine 1.0.0 has no report; one is written for the candidate of each run, so say: trimtab run --strategy mine"
    )


def test_an_unknown_strategy_or_version_is_refused(workspace: Workspace) -> None:
    assert trimtab("models", "report", "other").code == 1
    assert "9.9.9" in trimtab("models", "report", "mine", "9.9.9").sentence
