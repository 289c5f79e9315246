from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from fakes.strategies import NAME, write_strategy
from typer.testing import CliRunner, Result

from trimtab.cli.trial_ledger import list_trials
from trimtab.config import load_settings
from trimtab.errors import UnknownNameError
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.trials import Trial

TRIALS = [Trial("tiny:1", n, NAME, "d" * 64, "direction:5", "linear", {}, 0.1) for n in range(3)]
BY_HAND = Trial(f"walk_forward:{NAME}:2", 0, NAME, "d" * 64, "direction:5", "linear", {}, None, "manual")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    write_strategy(tmp_path)
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(tmp_path))
    return Workspace.open(load_settings())


def invoke(*arguments: str) -> Result:
    app = typer.Typer()
    app.command("trials")(list_trials)
    return CliRunner().invoke(app, list(arguments))


def told(*arguments: str) -> str:
    answer = invoke(*arguments)
    assert answer.exit_code == 0, answer.exception
    return answer.stdout


def test_trials_are_told_by_dataset_label_and_kind(workspace: Workspace) -> None:
    workspace.registry.record_trials([*TRIALS, BY_HAND], "test")
    document = json.loads(told("--json"))
    rows = {
        (row["kind"], row["label"], row["dataset"], row["n_studies"], row["n_trials"]) for row in document["trials"]
    }
    assert rows == {("tuning", "direction:5", "d" * 64, 1, 3), ("manual", "direction:5", "d" * 64, 1, 1)}
    assert document["n_trials"] == 4
    assert document["strategies"] == [{"strategy": NAME, "n_trials": 4, "n_weighed": None, "n_effective": None}]
    assert max(map(len, told().splitlines())) <= 120


def test_a_weighed_strategy_tells_what_its_trials_are_worth(workspace: Workspace) -> None:
    workspace.registry.record_trials(TRIALS, "test")
    weighed = {"values": {"n_trials": 3, "n_effective_trials": 2}}
    assert "honesty report" in told()
    workspace.manifests.record("honesty_report", NAME, {}, "v" * 64, weighed)
    (strategy,) = json.loads(told("--json"))["strategies"]
    assert (strategy["n_weighed"], strategy["n_effective"]) == (3, 2)
    assert "honesty report" not in told()


def test_only_one_strategy_is_told_if_asked(workspace: Workspace) -> None:
    other = [Trial("other:1", 0, "other", "d" * 64, "direction:5", "linear", {}, 0.1)]
    workspace.registry.record_trials([*TRIALS, *other], "test")
    assert {row["strategy"] for row in json.loads(told("--strategy", "other", "--json"))["trials"]} == {"other"}


def test_where_nothing_was_tried_it_says_so(workspace: Workspace) -> None:
    assert told().strip() == "Nothing has been tried yet; say: trimtab run"
    assert json.loads(told("--json")) == {"n_trials": 0, "strategies": [], "trials": []}


def test_a_strategy_nobody_knows_is_an_error(workspace: Workspace) -> None:
    assert isinstance(invoke("--strategy", "nobody").exception, UnknownNameError)
