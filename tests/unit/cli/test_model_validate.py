from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from fakes.strategies import NAME, open_world, run_environment, run_market_data, write_bars, write_strategy
from typer.testing import CliRunner

from trimtab.cli.model_validate import validate_models
from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.pipeline.datasets import build_training_dataset
from trimtab.pipeline.workspace import Workspace

app = typer.Typer()
app.command()(validate_models)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder: Path = tmp_path_factory.mktemp("validate")
    path = write_bars(folder, 480, ("SIMREGIME",))
    strategies = write_strategy(
        folder / "strategies",
        universe={"path": str(path), "instruments": ["SIMREGIME"]},
        features={"sets": ["market_state"]},
        model={"algorithm": "linear", "members": {}},
        tuning={"n_trials": 0},
        validation={"window": "rolling"},
    )
    opened = open_world(folder / "lake", strategies)
    run_market_data(opened)
    build_training_dataset(opened, NAME)
    return opened


@pytest.fixture(autouse=True)
def environment(world: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in run_environment(world.settings.data_dir, world.settings.strategies_dir).items():
        monkeypatch.setenv(name, value)


def told(*arguments: str) -> str:
    result = CliRunner().invoke(app, [NAME, *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_by_default_six_groups_are_judged_two_at_a_time() -> None:
    document = json.loads(told("--embargo", "5d", "--json"))
    assert (document["splitter"], len(document["folds"]), len(document["paths"])) == ("combinatorial_purged", 15, 5)
    assert document["options"] == {"n_folds": 6, "n_test_folds": 2, "embargo": "5d"}
    assert sum(fold["embargoed"] for fold in document["folds"]) > 0


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("walk_forward", "--window", "expanding", "--initial-train", "100", "--test", "60d", "--step", "0.2"),
         {"window": "expanding", "initial_train": 100, "test": "60d", "step": 0.2}),
        (("time_series", "--horizon", "40", "--step", "50", "--max-train-size", "300d", "--n-splits", "3"),
         {"horizon": 40, "step": 50, "max_train_size": "300d", "n_splits": 3}),
        (("purged_k_fold", "--n-folds", "3"), {"n_folds": 3}),
        (("combinatorial_purged", "--n-folds", "4", "--n-test-folds", "1"), {"n_folds": 4, "n_test_folds": 1}),
        (("monte_carlo", "--n-splits", "4", "--train", "0.3", "--test", "50", "--seed", "5"),
         {"n_splits": 4, "train": 0.3, "test": 50, "seed": 5}),
        (("hold_out", "--shares", "70/15/15"), {"shares": [0.7, 0.15, 0.15]}),
    ],
)  # fmt: skip
def test_every_splitter_takes_its_options_as_they_are_typed(arguments: tuple[str, ...], options: dict) -> None:
    document = json.loads(told("--splitter", *arguments, "--json"))
    assert document["options"] == {**options, "embargo": "0d"}
    assert len(document["folds"]) > 0


def test_people_get_folds_aggregates_paths_and_what_to_mind() -> None:
    text = told("--n-folds", "4")
    lines = text.splitlines()
    assert max(map(len, lines)) <= 120
    assert sum(line.startswith("fold_") or line.startswith(" fold_") for line in lines) == 6
    assert sum("path_" in line for line in lines) == 3
    for part in ("Over the folds", "Consistency of accuracy: 0.", "Accuracy over the paths", "This is exploration"):
        assert part in text


def test_a_split_in_time_shows_its_spans_and_no_paths() -> None:
    text = told("--splitter", "hold_out")
    assert "test start" in text and "hold_out" in text
    assert "path" not in text
    assert "Consistency of accuracy: unknown, with one fold" in text


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (("--splitter", "combinatoral_purged"), UnknownNameError, "did you mean 'combinatorial_purged'"),
        (("--splitter", "hold_out", "--n-folds", "3"), ConfigurationError, "it has shares, embargo"),
        (("--embargo", "5 days"), ConfigurationError, "the embargo is '5 days'"),
        (("--splitter", "walk_forward", "--test", "much"), ConfigurationError, "the size 'much' cannot be read"),
    ],
)
def test_what_cannot_be_done_is_refused(arguments: tuple[str, ...], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        told(*arguments)
