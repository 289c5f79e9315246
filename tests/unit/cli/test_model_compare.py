"""`trimtab models compare`: a sentence and a table for people, one document for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes.judged_versions import JudgedVersions, said, table
from typer import Typer
from typer.testing import CliRunner

from trimtab.cli.model_compare import compare_versions


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two judged versions of "mine"; the second knows more."""
    world = JudgedVersions(tmp_path)
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(world.workspace.settings.data_dir))
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(world.workspace.settings.strategies_dir))
    return [world.add(table(said(0.05, 1))), world.add(table(said(0.3, 2)))]


def told(*arguments: str) -> str:
    app = Typer()
    app.command()(compare_versions)
    answer = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert answer.exit_code == 0
    return answer.stdout


def test_people_read_the_outcome_first_and_what_differs_last(versions: list[str]) -> None:
    lines = told(*versions, "--strategy", "mine").splitlines()
    assert lines[0].startswith(f"mine@{versions[1]} is better by accuracy")
    assert lines[1] == f"A is mine@{versions[0]}, B is mine@{versions[1]}: 600 decisions from 2020-01-01 to 2020-10-26."
    assert any("hyper_parameters.l2" in line for line in lines)
    assert lines[-2:] == ["Only B reads: own_1.", "Only A reads: own_0."]


def test_programs_read_one_document_in_which_unknown_is_null(versions: list[str]) -> None:
    document = json.loads(told(f"mine@{versions[0]}", "latest", "--strategy", "mine", "--json"))
    assert document["second"] == f"mine@{versions[1]}"
    assert document["start"] == "2020-01-01T00:00:00Z"
    assert [each["measure"] for each in document["measures"]] == [
        "accuracy", "brier_score", "log_loss", "information_coefficient",
    ]  # fmt: skip
    correlation = document["measures"][-1]
    assert correlation["dm_p_value"] is None
    assert 0.0 < correlation["p_value"] <= 1.0


@pytest.mark.parametrize("columns", ["80", "100"])
def test_names_of_measures_stay_whole_in_a_narrow_terminal(
    versions: list[str], columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = told(*versions, "--strategy", "mine").splitlines()
    tables = lines[lines.index("Out of sample") : lines.index("Trained on the same rows.")]
    assert sum("information_coefficient" in line for line in tables) == 2  # the difference, and its p-values
    assert max(map(len, tables)) <= int(columns)
