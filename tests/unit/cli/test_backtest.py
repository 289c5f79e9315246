from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import typer
from fakes.bars import random_walk
from typer.testing import CliRunner

from trimtab.cli.backtest import backtest
from trimtab.errors import DatasetError, SchemaError

app = typer.Typer()
app.command()(backtest)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A bar file of two instruments, and positions that are long one unit from the third bar on."""
    bars = [random_walk(60, seed, name).to_table().to_pandas() for seed, name in enumerate(("AAA", "BBB"))]
    pd.concat(bars).to_parquet(tmp_path / "bars.parquet")
    rows = [{"instrument_id": "AAA", "event_time": "2020-01-03T00:00:00Z", "position": 1.0}]
    rows += [{"instrument_id": "AAA", "event_time": "2020-02-01T00:00:00Z", "position": 0.0}]
    pd.DataFrame(rows).to_csv(tmp_path / "signals.csv", index=False)
    return tmp_path / "bars.parquet", tmp_path / "signals.csv"


def run(bars: Path, signals: Path, *more: str) -> dict:
    result = CliRunner().invoke(
        app, ["--bars", str(bars), "--signals", str(signals), *more, "--json"], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_document_has_the_shape_others_rely_on(files: tuple[Path, Path]) -> None:
    document = run(*files, "--positions", "units", "--cash", "100000", "--commission-bps", "10", "--fill", "next_open")
    bars = random_walk(60, 0, "AAA")
    (trade,) = document["trades"]
    assert trade["entry_price"] == pytest.approx(bars.open[3])
    assert trade["exit_price"] == pytest.approx(bars.open[32])
    assert trade["entry_time"] == "2020-01-04T00:00:00Z"
    assert len(document["equity"]) == 60
    profit = bars.open[32] - bars.open[3] - (bars.open[32] + bars.open[3]) * 10 / 1e4
    assert document["equity"][-1]["value"] == pytest.approx(100_000 + profit)
    assert document["metrics"]["n_trades"] == 1


def test_parquet_signals_give_what_csv_signals_give(files: tuple[Path, Path]) -> None:
    bars, signals = files
    table = pd.read_csv(signals)
    table["event_time"] = pd.to_datetime(table["event_time"])
    table.to_parquet(signals.with_suffix(".parquet"))
    assert run(bars, signals) == run(bars, signals.with_suffix(".parquet"))


def test_weights_mean_shares_of_the_equity(files: tuple[Path, Path]) -> None:
    document = run(*files, "--positions", "weights", "--cash", "1000")
    assert document["trades"][0]["units"] == pytest.approx(1000 / random_walk(60, 0, "AAA").open[3])


def test_times_of_day_without_a_zone_are_refused(files: tuple[Path, Path]) -> None:
    bars, signals = files
    signals.write_text("instrument_id,event_time,position\nAAA,2020-01-03 14:30:00,1\n")
    with pytest.raises(SchemaError, match="no time zone"):
        run(bars, signals)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("instrument_id,position\nAAA,1\n", "no column 'event_time'"),
        ("instrument_id,event_time,position\n", "no rows"),
        ("instrument_id,event_time,position\nAAA,2020-01-03,much\n", "must hold numbers"),
        ("instrument_id,event_time,position\nZZZ,2020-01-03,1\n", "no bars for ZZZ"),
        ("", "cannot be read"),
    ],
)
def test_signals_that_cannot_be_used_are_one_sentence(files: tuple[Path, Path], content: str, message: str) -> None:
    bars, signals = files
    signals.write_text(content)
    with pytest.raises(DatasetError, match=message):
        run(bars, signals)


def test_people_get_a_table(files: tuple[Path, Path]) -> None:
    result = CliRunner().invoke(app, ["--bars", str(files[0]), "--signals", str(files[1])], catch_exceptions=False)
    assert "sharpe ratio" in result.stdout.replace("_", " ")
    assert "60 bars of AAA, BBB" in result.stdout
