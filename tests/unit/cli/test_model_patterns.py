"""`trimtab models patterns`: train, evaluate, find, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from fakes.candlesticks import bars_with_doji
from typer.testing import CliRunner

from trimtab.bars import Bars
from trimtab.cli.model_patterns import app
from trimtab.cli.model_patterns.find import _print_findings
from trimtab.cli.model_patterns.inputs import N_PATTERNS
from trimtab.cli.model_patterns.train import _Steps
from trimtab.errors import ConfigurationError, NotEnoughDataError, NotFoundError
from trimtab.models.candlestick_network.patterns import PATTERNS

pytestmark = pytest.mark.slow


def say(*words: str | Path) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, [str(word) for word in words])


def write(path: Path, bars: list[Bars]) -> Path:
    """A bar file of several series."""
    tables = [each.to_table() for each in bars]
    pq.write_table(pa.concat_tables(tables), path)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict]:
    """A bar file, the folder of a network trained on it, and what the command said."""
    folder = tmp_path_factory.mktemp("patterns")
    bars = write(folder / "bars.parquet", [bars_with_doji(400, seed, name) for seed, name in enumerate("ABC")])
    said = say("train", "--bars", bars, "--out", folder / "network", "--epochs", 2, "--json")
    assert said.exit_code == 0, said.output
    return bars, folder / "network", json.loads(said.stdout)


def test_train_says_how_both_models_did_on_what_they_have_not_seen(trained: tuple[Path, Path, dict]) -> None:
    _, folder, said = trained
    assert said["folder"] == str(folder)
    assert len(said["split"]["trained"]) == 2
    for model in ("network", "linear"):
        assert [each["pattern"] for each in said[model]["patterns"]] == list(PATTERNS)
        assert said[model]["n_instruments"] == 1


def test_evaluate_leaves_out_what_was_seen_and_agrees_with_train(trained: tuple[Path, Path, dict]) -> None:
    bars, folder, said = trained
    told = json.loads(say("evaluate", folder, "--bars", bars, "--json").stdout)
    assert {name: told[name] for name in said["network"]} == said["network"]
    assert told["left_out"] == 3 * (400 - 19) - told["n_windows"]
    everything = json.loads(say("evaluate", folder, "--bars", bars, "--json", "--all").stdout)
    assert (everything["left_out"], everything["n_windows"]) == (0, 3 * (400 - 19))


def test_find_tells_every_bar_and_writes_them(trained: tuple[Path, Path, dict], tmp_path: Path) -> None:
    bars, folder, _ = trained
    out = tmp_path / "told.parquet"
    said = json.loads(say("find", folder, "--bars", bars, "--newest", 2, "--out", out, "--json").stdout)
    table = pq.read_table(out)
    assert table.column_names == ["instrument_id", "timeframe", "event_time", *PATTERNS]
    assert table.num_rows == 3 * (400 - 19)
    assert [each["series"] for each in said["bars"]] == ["A__1d", "A__1d", "B__1d", "B__1d", "C__1d", "C__1d"]
    last = table.slice(table.num_rows - 1).to_pylist()[0]
    assert said["bars"][-1]["probability"] == {name: last[name] for name in PATTERNS}
    assert list(said["thresholds"]) == list(PATTERNS)
    for each in said["bars"]:
        reached = [name for name in PATTERNS if each["probability"][name] >= said["thresholds"][name]]
        assert each["present"] == reached
    alone = json.loads(say("find", folder, "--bars", bars, "--newest", 2, "--json").stdout)
    assert alone["bars"] == said["bars"]


def test_tables_are_for_people(trained: tuple[Path, Path, dict]) -> None:
    bars, folder, _ = trained
    said = say("evaluate", folder, "--bars", bars)
    assert "too few to say" in said.stdout
    assert "left out; --all takes them in" in " ".join(said.stdout.split())


def test_a_bar_file_without_any_pattern_is_said(trained: tuple[Path, Path, dict]) -> None:
    bars, folder, _ = trained
    assert (
        "no patterns in the newest 3 bars of each series" in say("find", folder, "--bars", bars, "--newest", 3).stdout
    )


def test_a_pattern_found_is_shown_with_its_threshold(capsys: pytest.CaptureFixture[str]) -> None:
    bar = {"series": "A__1d", "event_time": "2020-01-02T00:00:00Z", "present": ["doji"], "by_rule": []}
    _print_findings([bar | {"probability": {"doji": 0.03125}}], {"doji": 0.0215}, newest=3)
    said = capsys.readouterr().out
    assert said.startswith("Patterns in the newest 3 bars of each series")
    (row,) = (line.split() for line in said.splitlines() if "A__1d" in line)
    assert row == ["A__1d", "2020-01-02", "doji", "0.03125", "0.0215", "absent"]
    assert "from the threshold of its pattern on" in said


def test_the_progress_bar_ends_full_though_the_training_stopped_early() -> None:
    advanced: list[None] = []
    steps = _Steps(lambda: advanced.append(None), epochs=16)
    for epoch in range(1, 10):
        steps.step(epoch, 16, {})
    for _ in range(N_PATTERNS):
        steps.fitted()
    assert len(advanced) == 16 + N_PATTERNS


def test_what_cannot_be_done_is_a_sentence(trained: tuple[Path, Path, dict], tmp_path: Path) -> None:
    bars, folder, _ = trained
    assert isinstance(say("evaluate", tmp_path, "--bars", bars).exception, NotFoundError)
    early = write(tmp_path / "early.parquet", [bars_with_doji(60, 9, "Z")])
    refused = say("evaluate", folder, "--bars", early).exception
    assert isinstance(refused, NotEnoughDataError)
    assert "--all" in str(refused)
    assert isinstance(say("find", folder, "--bars", bars, "--out", tmp_path / "x.csv").exception, ConfigurationError)
    assert isinstance(say("find", folder, "--bars", bars, "--out", bars).exception, ConfigurationError)
    one = write(tmp_path / "one.parquet", [bars_with_doji(300, 9, "Z")])
    assert isinstance(say("train", "--bars", one, "--out", tmp_path / "n").exception, NotEnoughDataError)
