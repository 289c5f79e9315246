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


def shown(files: tuple[Path, Path], *more: str) -> str:
    result = CliRunner().invoke(app, ["--bars", str(files[0]), "--signals", str(files[1]), *more])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_every_cost_is_charged_and_told_by_kind(files: tuple[Path, Path]) -> None:
    bars, signals = files
    signals.write_text(signals.read_text().replace(",1.0", ",-10.0"))
    options = {
        "commission-bps": 10.0, "commission-per-share": 0.01, "commission-per-trade": 2.0, "slippage-bps": 5.0,
        "impact": 0.5, "borrow-bps-per-year": 100.0,
    }  # fmt: skip
    document = run(bars, signals, *(word for name, value in options.items() for word in (f"--{name}", str(value))))
    assert document["costs"] == {name.replace("-", "_"): value for name, value in options.items()} | {
        "max_volume_share": None
    }
    assert set(document["costs_paid"]) == {"commission", "slippage", "impact", "borrow"}
    assert sum(document["costs_paid"].values()) == pytest.approx(document["metrics"]["total_costs"])
    table = shown(files, *(word for name, value in options.items() for word in (f"--{name}", str(value))))
    assert all(kind in table[table.index("Costs paid") :] for kind in ("commission", "slippage", "borrow"))


def test_a_delay_and_a_volume_share_reach_the_engine(files: tuple[Path, Path]) -> None:
    assert run(*files, "--delay-bars", "2")["trades"][0]["entry_time"] == "2020-01-06T00:00:00Z"
    assert run(*files, "--max-volume-share", "0.000001")["n_unfilled"] > 0


def test_a_benchmark_without_signals_only_looks_on(files: tuple[Path, Path]) -> None:
    document = run(*files, "--benchmark", "BBB")
    own, held = random_walk(60, 0, "AAA"), random_walk(60, 1, "BBB")
    assert document["benchmark_equity"][-1] == pytest.approx(100_000 * own.close[-1] / own.open[0])
    assert document["market"]["name"] == "BBB"
    assert document["market"]["equity"][-1] == pytest.approx(100_000 * held.close[-1] / held.open[0])
    assert "BBB" in shown(files, "--benchmark", "BBB")


def test_a_benchmark_with_signals_is_traded_too(files: tuple[Path, Path]) -> None:
    document = run(*files, "--benchmark", "AAA")
    assert len(document["trades"]) == 1
    assert document["market"]["name"] == "AAA"


def test_the_surface_is_a_table_and_says_where_the_profit_ends(files: tuple[Path, Path]) -> None:
    document = run(*files, "--surface", "--commission-bps", "3")
    assert document["surface"]["cost_bps"] == [0, 2, 3, 5, 10, 20, 50]
    assert document["surface"]["delay_bars"] == [0, 1, 2, 5]
    said = shown(files, "--surface")
    assert "delay 5" in said
    cost = document["break_even_cost_bps"]
    assert (f"at a cost of {cost:.4g} bps" if cost else "No cost per side ends the account where it began") in said
    assert run(*files)["surface"] is None


def test_of_many_trades_the_latest_are_listed_and_the_rest_counted(files: tuple[Path, Path]) -> None:
    times = random_walk(60, 0, "AAA").event_time
    rows = [f"AAA,{time}Z,{number % 2}" for number, time in enumerate(times)]
    files[1].write_text("\n".join(["instrument_id,event_time,position", *rows]) + "\n")
    assert len(run(*files)["trades"]) == 29
    said = shown(files)
    assert "Trades, the latest 10 of 29 (all with --json)" in said
    assert said.count(" long ") == 10


def test_the_document_says_which_prices_and_adjusted_ones_must_be_there(files: tuple[Path, Path]) -> None:
    assert run(*files)["prices"] == "raw"
    bars = pd.read_parquet(files[0])
    bars["factor"] = 0.5
    bars.to_parquet(files[0])
    assert run(*files, "--adjusted")["prices"] == "adjusted"
    bars.drop(columns="factor").to_parquet(files[0])
    with pytest.raises(SchemaError, match="has no adjusted prices; leave --adjusted away"):
        run(*files, "--adjusted")


def test_positions_that_say_nothing_are_counted_and_change_nothing(files: tuple[Path, Path]) -> None:
    before = run(*files)
    files[1].write_text(files[1].read_text() + "AAA,2020-01-05T00:00:00Z,nan\nAAA,2020-01-06T00:00:00Z,\n")
    after = run(*files)
    assert after["notes"] == ["signals.csv: 2 of 4 positions are empty or nan and change nothing"]
    assert after["equity"] == before["equity"]
    assert f"Note: {after['notes'][0]}." in shown(files)


def test_an_account_that_never_moved_says_why_its_measures_are_unknown(files: tuple[Path, Path]) -> None:
    files[1].write_text("instrument_id,event_time,position\nAAA,2020-01-03T00:00:00Z,0\n")
    (variation,) = [note for note in run(*files)["notes"] if "do not vary" in note]
    assert variation.startswith("sharpe_ratio")


def test_shares_are_shown_in_per_cent(files: tuple[Path, Path]) -> None:
    row = next(line for line in shown(files).splitlines() if "total_return " in line)
    assert row.count("%") == 2
