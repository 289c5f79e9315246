"""The page of a candidate from a real, small pipeline: what was measured is on it, what was not says why."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fakes.bars import random_walk
from fakes.evidence_documents import backtest, honesty

from trimtab.config import Settings
from trimtab.config.strategy import Gates
from trimtab.errors import NotFoundError
from trimtab.lifecycle.decision import decide
from trimtab.lifecycle.evidence import Evidence
from trimtab.pipeline import datasets, features, models, tuning, walk_forward
from trimtab.pipeline.backtest import section_of
from trimtab.pipeline.model_report import report_model
from trimtab.pipeline.models import candidate_version
from trimtab.pipeline.running import Produced, run_stage, stage_values
from trimtab.pipeline.workspace import Workspace
from trimtab.reports.wording import percent
from trimtab.storage.atomic import write_text

STRATEGY = """
name = "mine"
description = "Will AAA <rise>?"
[universe]
instruments = ["AAA"]
[features]
names = ["return_1", "close_location", "rsi_7"]
sets = []
[label]
kind = "direction"
[model]
algorithm = "linear"
parameters = { l2 = 1.0 }
[tuning]
n_trials = 0
[validation]
n_seeds = 1
"""


def opened(folder: Path) -> Workspace:
    return Workspace.open(Settings(data_dir=folder / "data", strategies_dir=folder, n_threads=1))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with a candidate and its walk-forward."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "mine.toml").write_text(STRATEGY)
    workspace = opened(folder)
    workspace.bars.append(random_walk(400, seed=5), datetime(2023, 1, 2, tzinfo=UTC))
    features.compute_family(workspace, "technical", "AAA__1d")
    datasets.build_training_dataset(workspace, "mine")
    tuning.run_tuning_study(workspace, "mine")
    models.train_candidate(workspace, "mine")
    walk_forward.report_walk_forward(workspace, "mine")
    return folder


@pytest.fixture
def workspace(trained: Path, tmp_path: Path) -> Workspace:
    """A copy of that lake, for one test to change."""
    shutil.copytree(trained, tmp_path / "own")
    return opened(tmp_path / "own")


def page(workspace: Workspace, name: str = "report.html") -> str:
    return (workspace.report_folder("model_report", "mine") / name).read_text()


def write_document(workspace: Workspace, stage: str, document: dict[str, Any], summary: dict[str, Any]) -> None:
    """As the stage itself would leave it."""

    def compute() -> Produced:
        path = workspace.report_folder(stage, "mine") / "report.json"
        write_text(path, json.dumps(document))
        return Produced(f"version of {stage}", links={"report": path}, summary=summary)

    run_stage(workspace, stage, "mine", lambda: summary, compute)


def write_honesty(workspace: Workspace, recipe: str | None = None) -> None:
    """A backtest of the walk-forward that was made, and honesty about it."""
    judged = stage_values(workspace, "walk_forward_report", "mine") or {}
    about = {name: judged[name] for name in ("recipe", "forecasts")}
    section = {"section": section_of(workspace.strategy("mine"))}
    write_document(workspace, "backtest_report", backtest(), about | section)
    traded = {"traded": "version of backtest_report"}
    write_document(workspace, "honesty_report", honesty(), about | traded | ({"recipe": recipe} if recipe else {}))


def test_the_page_holds_the_measured_numbers_and_says_what_nobody_measured(workspace: Workspace) -> None:
    result = report_model(workspace, "mine")
    text = page(workspace)
    accuracy = (stage_values(workspace, "walk_forward_report", "mine") or {})["accuracy"]
    document = json.loads((workspace.report_folder("walk_forward_report", "mine") / "report.json").read_text())
    assert percent(document["pooled"]["accuracy"]) in text
    assert result.metrics["accuracy"] == pytest.approx(document["pooled"]["accuracy"])
    assert accuracy is not None
    assert "The stage backtest_report has not run." in text
    assert "backtest" in str(result.metrics["not_measured"])
    assert "Will AAA &lt;rise&gt;?" in text
    assert result.metrics["verdict"] == "Undecided"


def test_the_page_stands_under_its_version_and_as_the_latest_with_the_same_bytes(workspace: Workspace) -> None:
    result = report_model(workspace, "mine")
    assert result.links["report"].read_bytes() == result.links["this version"].read_bytes()
    assert result.links["this version"].name == "1.0.0.html"


def test_unchanged_evidence_is_not_reported_again_and_a_lost_page_is(workspace: Workspace) -> None:
    first = report_model(workspace, "mine")
    assert report_model(workspace, "mine").skipped
    before = page(workspace)
    first.links["report"].unlink()
    again = report_model(workspace, "mine")
    assert not again.skipped
    assert page(workspace) == before
    assert again.data_version == first.data_version


def test_a_decision_is_on_the_page_with_the_reasons(workspace: Workspace) -> None:
    report_model(workspace, "mine")
    candidate = candidate_version(workspace, "mine")
    assert candidate is not None
    decide(candidate, Evidence(accuracy=0.52), Gates(), workspace.registry, actor="tester")
    result = report_model(workspace, "mine")
    assert not result.skipped
    assert result.metrics["verdict"] == "Refused"
    assert "Refused" in page(workspace)
    again = workspace.registry.get_model(candidate.id)
    decide(again, Evidence(accuracy=0.53), Gates(), workspace.registry, actor="tester")  # the state stays the same
    result = report_model(workspace, "mine")
    assert any("53.0" in str(row["reason"]) for row in result.tables["why"])


def test_evidence_about_another_recipe_is_no_evidence(workspace: Workspace) -> None:
    write_honesty(workspace, recipe="another")
    report_model(workspace, "mine")
    assert "The latest honesty_report is about another recipe; run it again." in page(workspace)
    assert "15 trials counted" not in page(workspace)


def test_a_document_of_a_later_stage_is_shown_once_it_is_there(workspace: Workspace) -> None:
    report_model(workspace, "mine")
    write_honesty(workspace)
    result = report_model(workspace, "mine")
    assert not result.skipped
    assert "15 trials counted" in page(workspace)
    assert result.metrics["deflated_sharpe_ratio"] == 0.12


def test_a_document_that_its_stage_did_not_write_is_not_shown_and_is_once_it_is_right_again(
    workspace: Workspace,
) -> None:
    write_honesty(workspace)
    path = workspace.report_folder("honesty_report", "mine") / "report.json"
    right = path.read_text()
    path.write_text(right.replace("0.12", "0.99"))
    assert report_model(workspace, "mine").metrics["deflated_sharpe_ratio"] is None
    assert "run the stage honesty_report again" in page(workspace)
    path.write_text(right)
    assert report_model(workspace, "mine").metrics["deflated_sharpe_ratio"] == 0.12


def test_a_withheld_account_says_on_the_page_why_there_is_none(workspace: Workspace) -> None:
    judged = stage_values(workspace, "walk_forward_report", "mine") or {}
    about = {name: judged[name] for name in ("recipe", "forecasts")} | {
        "section": section_of(workspace.strategy("mine"))
    }
    why = "not traded: its samples were chosen by what came after"
    write_document(workspace, "backtest_report", {"withheld": why, "metrics": {}, "equity": []}, about)
    report_model(workspace, "mine")
    assert why.removeprefix("not ") in page(workspace)  # the page begins its sentences with a capital


def test_a_strategy_without_a_candidate_has_nothing_to_report(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(STRATEGY)
    with pytest.raises(NotFoundError, match="run the stage candidate_model first"):
        report_model(opened(tmp_path), "mine")
