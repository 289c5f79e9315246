from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.strategies import NAME, open_world, run_market_data, table_sizes, write_bars, write_strategy

from trimtab.config.strategy import Label, Strategy, Universe, Validation
from trimtab.errors import ConfigurationError, NotFoundError, UnknownNameError
from trimtab.pipeline.datasets import build_training_dataset, load_training_dataset
from trimtab.pipeline.manual_trials import look_of, manual_study
from trimtab.pipeline.tuning import run_tuning_study, tuned_parameters, tuning_folds
from trimtab.pipeline.validate import ModelValidation, splitter_for, validate_model
from trimtab.pipeline.walk_forward import report_walk_forward
from trimtab.pipeline.workspace import Workspace
from trimtab.validation.paths import recombined_paths
from trimtab.validation.splitters import HoldOut, MonteCarlo, PurgedKFold, WalkForward

SIX_GROUPS = {"n_folds": 6, "n_test_folds": 2}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A strategy that was tuned and judged, small enough for seconds; nobody writes to it."""
    folder: Path = tmp_path_factory.mktemp("validate")
    path = write_bars(folder, 480, ("SIMREGIME",))
    strategies = write_strategy(
        folder / "strategies",
        universe={"path": str(path), "instruments": ["SIMREGIME"]},
        features={"sets": ["market_state"]},
        model={"algorithm": "linear", "members": {}},
        tuning={"n_trials": 2, "n_folds": 2, "sampler": "random"},
        validation={"n_seeds": 1, "embargo": "2d"},
    )
    opened = open_world(folder / "lake", strategies)
    run_market_data(opened)
    for stage in (build_training_dataset, run_tuning_study, report_walk_forward):
        stage(opened, NAME)
    return opened


@pytest.fixture(scope="module")
def workspace(judged: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return copied(judged, tmp_path_factory.mktemp("copied"))


def copied(workspace: Workspace, folder: Path) -> Workspace:
    shutil.copytree(workspace.lake.root, folder / "lake")
    return open_world(folder / "lake", workspace.settings.strategies_dir)


@pytest.fixture(scope="module")
def combinatorial(workspace: Workspace) -> ModelValidation:
    return validate_model(workspace, NAME, "combinatorial_purged", SIX_GROUPS)


def strategy(**validation: Any) -> Strategy:
    return Strategy(
        name="mine",
        universe=Universe(instruments=("AAA",)),
        label=Label(kind="direction"),
        validation=Validation(**validation),
    )


def files_of(folder: Path) -> dict[str, bytes]:
    """Every stored file but the database, whose pages may move without a change of content."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and ".db" not in path.name}


def test_by_the_strategys_own_walk_forward_the_folds_are_those_of_its_report(workspace: Workspace) -> None:
    found = validate_model(workspace, NAME, "walk_forward")
    report = json.loads((workspace.report_folder("walk_forward_report", NAME) / "report.json").read_text())
    assert [row["accuracy"] for row in found.folds] == [fold["metrics"]["accuracy"] for fold in report["folds"]]
    assert [row["train"] for row in found.folds] == [fold["n_train"] for fold in report["folds"]]
    assert found.mean["information_coefficient"] == pytest.approx(report["mean"]["information_coefficient"], abs=1e-12)
    assert found.std["accuracy"] == pytest.approx(report["std"]["accuracy"], abs=1e-12)
    assert found.consistency == report["consistency"]


def test_nothing_is_stored_but_that_the_recipe_was_tried_once_by_a_person(tmp_path: Path, judged: Workspace) -> None:
    mine = copied(judged, tmp_path)
    files, rows = files_of(mine.lake.root), table_sizes(mine)
    found = validate_model(mine, NAME, "purged_k_fold", {"n_folds": 2})
    validate_model(mine, NAME, "hold_out")
    assert files_of(mine.lake.root) == files
    after = table_sizes(mine)
    assert {name: after[name] - rows[name] for name in after if after[name] != rows[name]} == {
        "trial_ledger": 1,
        "ledger": 1,
    }
    look = look_of(mine, mine.strategy(NAME), found.recipe, found.dataset)
    (trial,) = mine.registry.trials(manual_study(look))
    assert (trial.kind, trial.number, trial.dataset_fingerprint, trial.value) == ("manual", 0, found.dataset, None)
    assert trial.parameters["model"] == tuned_parameters(mine, NAME)
    assert (trial.parameters["recipe"], trial.parameters["cuts"]) == (found.recipe, look.cuts)


def test_a_validation_that_could_not_be_made_counts_as_nothing(workspace: Workspace) -> None:
    before = table_sizes(workspace)
    with pytest.raises(ConfigurationError):
        validate_model(workspace, NAME, "hold_out", {"n_folds": 3})
    assert table_sizes(workspace) == before


def test_a_combinatorial_split_has_a_row_per_fold_and_per_path(combinatorial: ModelValidation) -> None:
    assert [row["groups"] for row in combinatorial.folds][:6] == ["1 2", "1 3", "1 4", "1 5", "1 6", "2 3"]
    assert len(combinatorial.folds) == 15
    assert [path["folds"] for path in combinatorial.paths] == [
        [f"fold_{fold + 1}" for fold in path] for path in recombined_paths(6, 2).T
    ]


def test_the_accuracies_of_paths_and_folds_are_made_of_the_same_forecasts(combinatorial: ModelValidation) -> None:
    """Every forecast stands in one fold and in one path, so both means over forecasts are the same."""
    sizes = [row["test"] for row in combinatorial.folds]
    by_fold = np.average([row["accuracy"] for row in combinatorial.folds], weights=sizes)
    assert np.mean([path["accuracy"] for path in combinatorial.paths]) == pytest.approx(by_fold, abs=1e-12)


def test_the_distribution_over_paths_is_that_of_their_accuracies(combinatorial: ModelValidation) -> None:
    accuracies = np.sort([path["accuracy"] for path in combinatorial.paths])
    found = combinatorial.path_accuracy
    assert found["n_paths"] == 5
    assert [found[name] for name in ("min", "lower_quartile", "median", "upper_quartile", "max")] == list(accuracies)
    assert (found["mean"], found["std"]) == (pytest.approx(accuracies.mean()), pytest.approx(accuracies.std()))


def test_how_much_of_a_test_part_the_study_had_seen_is_told(
    workspace: Workspace, combinatorial: ModelValidation
) -> None:
    _, dataset = load_training_dataset(workspace, NAME)
    known, _ = tuning_folds(dataset, workspace.strategy(NAME))
    by_groups = {row["groups"]: row for row in combinatorial.folds}
    assert by_groups["1 2"]["tuned_on"] == 1.0  # the study saw the first 60 %
    assert by_groups["5 6"]["tuned_on"] == 0.0
    seen = sum(row["tuned_on"] * row["test"] for row in combinatorial.folds)
    assert seen == pytest.approx(5 * len(known))  # every sample is judged five times
    assert any("tuned on" in note for note in combinatorial.notes)
    assert not any("tuned on" in note for note in validate_model(workspace, NAME, "walk_forward").notes)


def test_learning_from_later_time_is_said(workspace: Workspace, combinatorial: ModelValidation) -> None:
    assert any("came after" in note for note in combinatorial.notes)
    assert not any("came after" in note for note in validate_model(workspace, NAME, "hold_out").notes)


def test_the_document_holds_durations_as_they_are_typed_and_no_unknown_numbers(workspace: Workspace) -> None:
    document = validate_model(workspace, NAME, "walk_forward", {"test": timedelta(days=60)}).to_json()
    assert document["options"]["test"] == "60d"
    assert document["options"]["embargo"] == "2d"
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert validate_model(workspace, NAME, "hold_out").to_json()["consistency"] is None


def test_the_same_question_has_the_same_answer(workspace: Workspace, combinatorial: ModelValidation) -> None:
    assert validate_model(workspace, NAME, "combinatorial_purged", SIX_GROUPS).to_json() == combinatorial.to_json()


def test_what_is_not_given_is_as_the_strategy_file_says() -> None:
    mine = strategy(window="rolling", initial_train=300, test="30d", embargo="4d")
    four_days = timedelta(days=4)
    assert splitter_for(mine, "walk_forward", {}) == WalkForward("rolling", 300, timedelta(days=30), 0.1, four_days)
    assert splitter_for(mine, "walk_forward", {"test": 0.2}) == WalkForward("rolling", 300, 0.2, 0.1, four_days)
    assert splitter_for(mine, "hold_out", {}) == HoldOut(embargo=four_days)
    assert splitter_for(mine, "purged_k_fold", {"embargo": timedelta(0)}) == PurgedKFold()
    assert splitter_for(mine, "monte_carlo", {}, seed=9) == MonteCarlo(seed=9, embargo=four_days)
    held = strategy(window="hold_out", hold_out=(0.7, 0.15, 0.15))
    assert splitter_for(held, "hold_out", {}) == HoldOut((0.7, 0.15, 0.15))
    assert splitter_for(held, "walk_forward", {}) == WalkForward()


def test_a_wrong_splitter_option_or_strategy_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'monte_carlo'"):
        validate_model(workspace, NAME, "montecarlo")
    with pytest.raises(ConfigurationError, match="has no option 'n_folds'"):
        validate_model(workspace, NAME, "hold_out", {"n_folds": 3})
    with pytest.raises(UnknownNameError, match="unknown strategy 'tny'"):
        validate_model(workspace, "tny", "hold_out")
    with pytest.raises(NotFoundError, match="has no dataset yet"):
        validate_model(open_world(tmp_path / "empty", workspace.settings.strategies_dir), NAME, "hold_out")
