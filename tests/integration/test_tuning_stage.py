"""The tuning stage and `trimtab studies` on a small lake: several objectives, pruning, narrowing, a hold-out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.strategies import table_sizes
from typer.testing import CliRunner

from trimtab.cli import studies
from trimtab.config import Settings
from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.pipeline import datasets, features, tuning, walk_forward
from trimtab.pipeline.stage import StageResult
from trimtab.pipeline.workspace import Workspace
from trimtab.tracking.run_store import RunStore

STRATEGY = """
name = "mine"
[universe]
instruments = ["AAA"]
[features]
names = ["return_1", "close_location", "rsi_7"]
sets = []
[label]
kind = "direction"
[model]
algorithm = "lightgbm"
parameters = { n_estimators = 10 }
[tuning]
"""
MANY = 'sampler = "random"\nn_trials = 12\nobjectives = ["accuracy", "complexity"]\npruning = true\n'
ONE = 'n_trials = 8\nobjectives = ["sharpe_ratio"]\n'
HOLD_OUT = '[validation]\nwindow = "hold_out"\nn_seeds = 1\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(tmp_path))
    monkeypatch.setenv("TRIMTAB_N_THREADS", "1")
    return tmp_path


def opened(folder: Path, settings: str) -> Workspace:
    """The lake with a new strategy file; its dataset is built where it is not there yet."""
    (folder / "mine.toml").write_text(STRATEGY + settings)
    workspace = Workspace.open(Settings())
    if not workspace.bars.series():
        workspace.bars.append(random_walk(700, seed=5), datetime(2023, 1, 2, tzinfo=UTC))
        features.compute_family(workspace, "technical", "AAA__1d")
    datasets.build_training_dataset(workspace, "mine")
    return workspace


def studied(workspace: Workspace) -> StageResult:
    return tuning.run_tuning_study(workspace, "mine")


def spaces_of(result: StageResult) -> dict[Any, Any]:
    return {row["parameter"]: row for row in result.tables["search space"]}


def said(*arguments: str) -> Any:
    answer = CliRunner().invoke(studies.app, [*arguments, "--json"], catch_exceptions=False)
    assert answer.exit_code == 0
    return json.loads(answer.stdout)


@pytest.mark.slow
def test_a_study_of_two_objectives_is_told_as_a_pareto_table_and_every_trial_is_counted(folder: Path) -> None:
    workspace = opened(folder, MANY)
    result = studied(workspace)
    table: list[Any] = list(result.tables["trials"])
    (chosen,) = [row for row in table if row["chosen"]]
    assert chosen["on_front"]
    assert str(chosen["reason"]).startswith("within one standard error")
    pruned = [row for row in table if str(row["reason"]).startswith("pruned after fold")]
    assert len(pruned) == result.metrics["pruned"] != 0
    assert set(result.plots) == {"Trials", "Pareto front", "Parameters"}
    name = str(result.metrics["study"])
    ledger = workspace.registry.trials(name)
    assert [(t.number, t.value) for t in ledger] == [(row["trial"], row["accuracy"]) for row in table]
    assert [t.objectives for t in ledger] == [{n: row[n] for n in ("accuracy", "complexity")} for row in table]
    assert [t.number for t in ledger if t.pruned] == [row["trial"] for row in pruned]
    assert len({trial.dataset_fingerprint for trial in ledger}) == 1
    assert studied(workspace).skipped

    (listed,) = said("list", "--strategy", "mine")["studies"]
    assert (listed["study"], listed["finished"], listed["pruned"]) == (name, 12, len(pruned))
    shown = said("show", name[:7])
    assert [row["accuracy"] for row in shown["trials"]] == [row["accuracy"] for row in table]
    assert shown["chosen"]["trial"] == chosen["trial"]
    assert shown["front"] == [row["trial"] for row in table if row["on_front"]]
    people = CliRunner().invoke(studies.app, ["show", name], catch_exceptions=False).stdout
    assert f"Trial {chosen['trial']} was chosen: within one standard error" in people


@pytest.mark.slow
def test_a_study_may_be_narrowed_by_an_earlier_one_and_says_so(folder: Path) -> None:
    first = studied(opened(folder, ONE))
    second = studied(opened(folder, ONE + "narrowing = true\n"))
    assert second.metrics["narrowed_from"] == 1
    wide, narrow = (spaces_of(result) for result in (first, second))
    assert all(wide[name]["low"] <= row["low"] <= row["high"] <= wide[name]["high"] for name, row in narrow.items())
    assert narrow != wide
    document = said("show", str(second.metrics["study"]))
    assert document["narrowed_from"] == [first.metrics["study"]]


@pytest.mark.slow
def test_with_a_hold_out_the_model_that_is_judged_is_trained_as_the_candidate_is_on_all_before_the_test(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = opened(folder, "n_trials = 2\n" + HOLD_OUT)
    _, dataset = datasets.load_training_dataset(workspace, "mine")
    studied(workspace)
    trained: list[Any] = []
    forecaster_of = walk_forward.forecaster_of

    def watched(*arguments: Any) -> Any:
        made = forecaster_of(*arguments)
        fit = made.fit

        def fitting(train: Any, validation: Any, context: Any) -> Any:
            trained.append((train, validation))
            return fit(train, validation, context)

        object.__setattr__(made, "fit", fitting)
        return made

    monkeypatch.setattr(walk_forward, "forecaster_of", watched)
    (fold,) = walk_forward.report_walk_forward(workspace, "mine").tables["folds"]
    ((train, validation),) = trained
    n = len(set(dataset.decision_time))
    assert (fold["fold"], fold["test"]) == ("hold_out", n - int(0.8 * n))
    assert validation is None  # and so nothing stops early that would not in the candidate
    first_test = dataset.decision_time[int(0.8 * n)]
    assert np.array_equal(train.decision_time, dataset.decision_time[dataset.label_end <= first_test])


@pytest.mark.slow
def test_more_trials_extend_a_study_and_what_no_trial_reads_leaves_it_alone(folder: Path) -> None:
    def counted(settings: str) -> tuple[bool, Any, int]:
        workspace = opened(folder, settings)
        result = studied(workspace)
        return result.skipped, result.metrics["study"], table_sizes(workspace)["trial_ledger"]

    _, name, _ = counted("n_trials = 2\n")
    assert counted("n_trials = 3\n") == (False, name, 3)
    for unread in (
        "n_workers = 2\n",
        "[validation]\nn_seeds = 2\n",
        "[validation]\nwindow = 'rolling'\nstep = 0.2\n",
        "[validation]\nhold_out = [0.7, 0.2, 0.1]\n",
    ):
        assert counted("n_trials = 3\n" + unread) == (True, name, 3), unread
    assert counted("n_trials = 2\n") == (False, name, 3)  # fewer are looked at; none is forgotten
    for read in ("n_folds = 2\n", "sampler = 'random'\n", "[validation]\ninitial_train = 0.5\n"):
        before = table_sizes(opened(folder, ""))["trial_ledger"]
        skipped, other, n_trials = counted("n_trials = 1\n" + read)
        assert (skipped, n_trials) == (False, before + 1), read
        assert other != name


def test_settings_that_cannot_be_are_one_sentence(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="a single fold"):
        studied(opened(folder, "pruning = true\n" + HOLD_OUT))
    with pytest.raises(ConfigurationError, match=r"tuning.objectives.*'sharp'"):
        opened(folder, 'objectives = ["sharp"]\n')
    opened(folder, "")
    with pytest.raises(UnknownNameError, match="'yours'"):
        said("list", "--strategy", "yours")
    assert said("list") == {"studies": []}


def test_a_study_without_trials_leaves_no_run_and_one_with_trials_does(folder: Path) -> None:
    studied(workspace := opened(folder, "n_trials = 0\n"))
    runs = RunStore.of(workspace.lake)
    assert not runs.list()
    studied(opened(folder, 'sampler = "random"\nn_trials = 1\n'))
    assert [run.kind for run in runs.list()] == ["tuning_study"]
