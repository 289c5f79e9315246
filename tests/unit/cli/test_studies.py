"""`trimtab studies` for people: what fits beside each other, and what must not be taken for something else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.studies import small_study
from typer.testing import CliRunner

from trimtab.cli import studies
from trimtab.config import load_settings
from trimtab.pipeline.workspace import Workspace
from trimtab.tuning.study import About, StudyResult, run_study

NAME = "equity-volatility-regime:0123456789abcdef"
ABOUT = About("equity-volatility-regime", "volatility_regime:20", "linear", "d" * 64)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudyResult]:
    folder: Path = tmp_path_factory.mktemp("studies")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TRIMTAB_DATA_DIR", str(folder / "data"))
        environment.setenv("TRIMTAB_STRATEGIES_DIR", str(folder))
        database = Workspace.open(load_settings()).lake.database
        changes = {"pruning": True, "sampler": "random", "n_trials": 12, "objectives": ["log_loss", "complexity"]}
        yield run_study(**{**small_study(database), **changes, "study_name": NAME, "about": ABOUT})


def told(*arguments: str) -> str:
    answer = CliRunner().invoke(studies.app, list(arguments), catch_exceptions=False)
    assert answer.exit_code == 0
    return answer.stdout


def test_a_list_of_studies_fits_a_pipe_and_its_times_are_marked_as_utc(study: StudyResult) -> None:
    lines = told("list").splitlines()
    (row,) = [line for line in lines if "linear" in line]
    assert max(map(len, lines)) <= 120
    assert re.search(r" rows end +\d{4}-\d\d-\d\d \d\d:\d\dZ ", told("show", row.split()[0]))
    assert {"log_loss", "linear", "volatility_regime:20"} <= set(row.split())
    (document,) = json.loads(told("list", "--json"))["studies"]
    assert document["rows_end"].endswith("Z") and document["dataset"] == "d" * 64


def test_every_trial_has_one_line_and_its_reason_below_the_table(study: StudyResult) -> None:
    lines = told("show", NAME).splitlines()
    assert max(map(len, lines)) <= 120
    start = next(i for i, line in enumerate(lines) if line.startswith("Trials")) + 4
    assert [int(line.split()[0]) for line in lines[start : start + 12]] == list(range(12))
    for trial in study.trials:
        verb = " was chosen" if trial.number == study.best_number else ""
        assert any(line.startswith(f"Trial {trial.number}{verb}: {study.reasons[trial.number]}") for line in lines)


def test_a_pruned_trial_has_no_score_beside_those_of_all_folds(study: StudyResult) -> None:
    lines = told("show", NAME).splitlines()
    pruned = next(trial for trial in study.trials if trial.pruned)
    whole = next(trial for trial in study.trials if not trial.pruned)
    row = next(line for line in lines if re.match(rf"\s*{pruned.number}\s", line))
    assert row.split()[1:3] == ["–", "–"] and f"{len(pruned.fold_values[0])}/3" in row
    row = next(line for line in lines if re.match(rf"\s*{whole.number}\s", line))
    assert float(row.split()[1]) == pytest.approx(whole.values[0], rel=1e-3) and "3/3" in row
    (reason,) = [line for line in lines if line.startswith(f"Trial {pruned.number}: ")]
    assert re.fullmatch(r".*pruned after fold (\d), log_loss 0\.\d+ of \1 folds?\.", reason)
