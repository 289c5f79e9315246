"""`trimtab bars` as a person or a program uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fakes.bars import random_walk
from typer.testing import CliRunner, Result

from trimtab.cli.bars import app
from trimtab.errors import ConfigurationError, SourceError, TrimtabError, UnknownNameError


@pytest.fixture(autouse=True)
def lake_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def document(*arguments: str) -> dict[str, object]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    loaded: dict[str, object] = json.loads(result.stdout)
    return loaded


def bar_file(tmp_path: Path) -> str:
    pq.write_table(random_walk(30).to_table(), tmp_path / "bars.parquet")
    return str(tmp_path / "bars.parquet")


def test_a_broken_file_is_judged_and_that_is_a_success(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("date,open,high,low,close,volume\n2020-01-02,1,1,1,-1,1\n2020-01-03,1,1,1,1,1\n")
    (instrument,) = document("check", str(path))["instruments"]  # type: ignore[misc]  # the shape is tested elsewhere
    assert (instrument["bars"], instrument["quarantined"]) == (2, 1)
    shown = run("check", str(path))
    assert shown.exit_code == 0
    assert "event_time from date (dates)" in shown.output
    assert "non_positive_price" in shown.output


def test_the_sample_is_ingested_once_and_listed() -> None:
    first = document("ingest", "--source", "sample", "--instrument", "FB", "--instrument", "AAPL")
    again = document("ingest", "--source", "sample", "--instrument", "FB", "--instrument", "AAPL")
    assert [(row["instrument_id"], row["new"]) for row in first["series"]] == [("FB", 196), ("AAPL", 3270)]  # type: ignore[attr-defined]
    assert [(row["new"], row["unchanged"]) for row in again["series"]] == [(0, 196), (0, 3270)]  # type: ignore[attr-defined]
    listed = document("list")["series"]
    assert listed[1] == {  # type: ignore[index]
        "instrument_id": "FB", "timeframe": "1d", "bars": 196, "first": "2012-05-18T00:00:00Z",
        "last": "2013-03-01T00:00:00Z", "versions": 196, "quarantined": 0,
    }  # fmt: skip


def test_a_file_is_ingested_by_its_name_alone_and_its_columns_are_said(tmp_path: Path) -> None:
    result = run("ingest", bar_file(tmp_path))
    assert result.exit_code == 0, result.output
    assert "open from open" in result.output
    assert "AAA" in run("list").output


def test_an_empty_lake_says_what_to_do() -> None:
    assert "run: trimtab bars ingest --source sample" in run("list").output
    assert document("list") == {"series": []}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("check", "none.csv"), SourceError, "bar file none.csv does not exist"),
        (("ingest", "--source", "yahoo"), UnknownNameError, "unknown source 'yahoo'"),
        (("ingest", "--source", "files"), ConfigurationError, "source 'files' needs a path"),
        (("ingest", "--instrument", "APPL"), UnknownNameError, "did you mean 'AAPL__1d'"),
        (("ingest", "x.csv", "--source", "sample"), ConfigurationError, "not from both"),
        (("check", "none.csv", "--timeframe", "2d"), UnknownNameError, "unknown timeframe '2d'"),
    ],
)
def test_mistakes_are_one_sentence(arguments: tuple[str, ...], error: type[TrimtabError], message: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, error)
    assert message in str(result.exception)
