"""`trimtab run` reads the strategy files first: a mistake in them is said before anything is computed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fakes.runs import start_run

from trimtab.cli.run import copy_to_mlflow, refuse_unknown
from trimtab.config import Settings
from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.pipeline import tracking
from trimtab.storage.lake import Lake
from trimtab.tracking import mlflow_mirror
from trimtab.tracking.run_store import RunStore

STRATEGY = """
name = "{name}"
[universe]
instruments = ["AAPL"]
[label]
kind = "direction"
"""


@pytest.fixture
def strategies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(tmp_path))
    (tmp_path / "sound.toml").write_text(STRATEGY.format(name="sound"))
    return tmp_path


def write(folder: Path, more: str) -> None:
    (folder / "broken.toml").write_text(STRATEGY.format(name="broken") + more)


def test_sound_strategies_are_let_through(strategies: Path) -> None:
    refuse_unknown([])
    refuse_unknown(["sound"])
    with pytest.raises(UnknownNameError, match="unknown strategy 'sond'; did you mean 'sound'"):
        refuse_unknown(["sond"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[features]\nsets = ["nope"]', r"strategy 'broken': unknown feature set 'nope'"),
        ('[features]\nnames = ["rsi_99"]', r"strategy 'broken': unknown feature 'rsi_99'; did you mean 'rsi_"),
        (
            '[facts]\nfiles = [{ format = "headlines", path = "nowhere.csv" }]',
            r"strategy 'broken': there is no file nowhere.csv of facts",
        ),
        ('[model]\nalgorithm = "lightgmb"', r"'broken': model.algorithm: unknown .* did you mean 'lightgbm'"),
        ('[model]\nalgorithm = "ensemble"', r"'broken': model.algorithm is 'ensemble' with no members"),
        ("[model]\nparameters = { num_leafs = 3 }", r"'broken': unknown parameter .* did you mean 'num_leaves'"),
        ('[model]\nalgorithm = "naive"\nparameters = { rule = "buy" }', r"'broken': unknown rule of naive 'buy'"),
    ],
)
def test_an_input_that_does_not_exist_is_refused_for_the_strategies_that_would_run(
    strategies: Path, more: str, said: str
) -> None:
    write(strategies, more)
    with pytest.raises(ConfigurationError, match=said):
        refuse_unknown([])
    refuse_unknown(["sound"])  # the others may be run


def test_the_copy_to_mlflow_is_told_with_its_runs_and_seconds(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with start_run(lake):
        pass
    settings = Settings(data_dir=lake.root, tracking="mlflow")
    copied = RunStore.of(lake).ids()
    monkeypatch.setattr(tracking, "try_to_mirror", lambda workspace: None)  # MLflow itself takes seconds
    monkeypatch.setattr(mlflow_mirror, "uncopied", lambda *given: [copied.pop()] if copied else [])
    copy_to_mlflow(settings)
    assert re.fullmatch(r"copying 1 run to MLflow \.\.\. 1 copied in \d+ s\n", capsys.readouterr().err)
    copy_to_mlflow(settings)
    assert capsys.readouterr().err == ""
