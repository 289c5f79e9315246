"""`trimtab features` on the catalogue and on files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from fakes.bars import random_walk
from fakes.command_line import trimtab
from typer.testing import CliRunner

from trimtab.bars import Bars
from trimtab.bars.schema import COLUMNS
from trimtab.cli.features import app
from trimtab.errors import ConfigurationError, TrimtabError, UnknownNameError
from trimtab.features.catalogue import catalogue, feature_sets
from trimtab.features.engine import compute

RUNNER = CliRunner()


def _run(*arguments: str | Path) -> str:
    result = RUNNER.invoke(app, [str(each) for each in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def _file(folder: Path, *parts: Bars) -> Path:
    import pyarrow as pa

    path = folder / "bars.parquet"
    pq.write_table(pa.concat_tables([part.to_table().select(COLUMNS) for part in parts]), path)
    return path


def test_list_names_every_feature_of_a_family() -> None:
    everything = json.loads(_run("list", "--json"))["features"]
    assert [each["name"] for each in everything] == list(catalogue())
    family = json.loads(_run("list", "--family", "candlesticks", "--json"))["features"]
    assert tuple(each["name"] for each in family) == feature_sets()["candlesticks"]
    assert set(family[0]) == {
        "name", "family", "description", "formula", "inputs", "lookback", "warmup", "bounds", "unknown_when", "version",
    }  # fmt: skip


def test_show_tells_what_the_catalogue_knows() -> None:
    shown = json.loads(_run("show", "rsi_14", "--json"))
    assert shown["lookback"] == 14 and shown["bounds"] == [0.0, 100.0] and shown["inputs"] == ["close"]
    assert "Wilder" in _run("show", "rsi_14")
    with pytest.raises(UnknownNameError, match="unknown feature 'rsi'"):
        _run("show", "rsi")


def test_compute_writes_the_features_of_every_instrument(tmp_path: Path) -> None:
    one, other = random_walk(80, instrument="AAA"), random_walk(60, seed=1, instrument="BBB")
    out = tmp_path / "features.parquet"
    _run("compute", _file(tmp_path, other, one), "--set", "technical", "--set", "candlesticks", "--out", out)
    names = (*feature_sets()["technical"], *feature_sets()["candlesticks"])
    table = pq.read_table(out)
    assert table.column_names == ["instrument_id", "timeframe", "event_time", *names]
    assert table["instrument_id"].to_pylist() == ["AAA"] * 80 + ["BBB"] * 60
    assert str(table.schema.field("event_time").type) == "timestamp[us, tz=UTC]"
    for name in ("rsi_14", "doji", "volatility_60"):
        np.testing.assert_array_equal(table[name].to_numpy()[:80], compute(one, [name]).values[:, 0])


def test_unordered_duplicate_and_broken_bars_are_left_out_and_counted(tmp_path: Path) -> None:
    bars = random_walk(60)
    broken = bars.take(np.array([*range(59, -1, -1), 10, 20]))
    broken.close[5] = np.nan  # row 54 of the original
    report = json.loads(
        _run("compute", _file(tmp_path, broken), "--set", "all", "--out", tmp_path / "o.parquet", "--json")
    )
    assert report["instruments"] == [{"series": "AAA__1d", "rows": 59, "left_out": 3}]
    times = pq.read_table(tmp_path / "o.parquet")["event_time"].to_pylist()
    assert times == sorted(set(times)) and len(times) == 59
    assert "3 bars were not accepted" in _run(
        "compute", _file(tmp_path, broken), "--set", "all", "--out", tmp_path / "o.parquet"
    )


def test_wrong_requests_are_one_sentence_and_leave_no_file(tmp_path: Path) -> None:
    bars, out = _file(tmp_path, random_walk(30)), tmp_path / "o.parquet"
    with pytest.raises(UnknownNameError, match="unknown feature set 'nonsense'"):
        _run("compute", bars, "--set", "nonsense", "--out", out)
    with pytest.raises(ConfigurationError, match=r"does not end in \.parquet"):
        _run("compute", bars, "--set", "all", "--out", tmp_path / "o.csv")
    with pytest.raises(TrimtabError):
        _run("compute", tmp_path / "absent.parquet", "--set", "all", "--out", out)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bars.parquet"]


def test_show_says_bounds_in_words_and_where_the_picture_is(tmp_path: Path) -> None:
    assert "none" in _line(_run("show", "peer_relative_strength_5"), "bounds")
    assert "0 to 100" in _line(_run("show", "rsi_14"), "bounds")
    picture = tmp_path / "rsi.png"
    answer = trimtab("features", "show", "rsi_14", "--plot", picture, "--json")
    assert answer.document["name"] == "rsi_14" and picture.is_file()
    assert answer.err == f"picture written to {picture}\n"


@pytest.mark.parametrize("command", [["show", "rsi_14"], ["show", "earnings_yield"]])
def test_a_terminal_of_eighty_columns_holds_every_line(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, _run(*command).splitlines())) <= 80


def test_certify_names_every_feature_whole_and_only_what_is_absent_as_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    bars = _file(tmp_path, random_walk(700))
    names = [name for name in catalogue() if "figures" in catalogue()[name].needs]
    answer = trimtab("features", "certify", bars, "--set", "fundamental", "--feature", "rsi_14", "--cuts", "1")
    assert answer.code == 0, answer.err
    assert "What was not there" in answer.out
    assert set(names) <= set(answer.out.replace(",", " ").split())
    assert max(len(line) for line in answer.out[answer.out.index("What was") :].splitlines()) <= 80


def test_a_certificate_of_nothing_does_not_pass(tmp_path: Path) -> None:
    bars = _file(tmp_path, random_walk(300))
    answer = trimtab("features", "certify", bars, "--feature", "earnings_yield", "--cuts", "1", "--json")
    assert answer.code == 1
    assert answer.sentence.startswith("nothing could be checked of AAA__1d: ")
    assert answer.document["passed"] is False and answer.document["reason"] == answer.sentence
    assert answer.document["series"][0]["passed"] is False


def _line(text: str, beginning: str) -> str:
    return next(line for line in text.splitlines() if line.strip().startswith(beginning))


@pytest.mark.slow
def test_real_daily_bars_with_their_own_column_names_work(tmp_path: Path, shared_data: Path) -> None:
    source = shared_data / "equities_daily_stocknet.parquet"
    report = json.loads(_run("compute", source, "--set", "technical", "--out", tmp_path / "o.parquet", "--json"))
    assert len(report["instruments"]) == 68
    assert sum(each["rows"] for each in report["instruments"]) > 71_000
