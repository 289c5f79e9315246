"""`trimtab bars show`, `actions` and `compact` as a person or a program uses them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
from fakes.bars import bars_from_closes, random_walk
from typer.testing import CliRunner, Result

from trimtab.bars.store import BarStore
from trimtab.cli.bars import actions
from trimtab.cli.bars.compact import compact
from trimtab.cli.bars.show import show
from trimtab.config import load_settings
from trimtab.errors import ConfigurationError, NotEnoughDataError, SchemaError, TrimtabError, UnknownNameError
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.lake import open_lake

RECEIVED = datetime(2020, 2, 1, 9, 30, tzinfo=UTC)
app = typer.Typer()
app.command("show")(show)
app.command("compact")(compact)
app.add_typer(actions.app, name="actions")


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BarStore:
    """Four bars, of which the second was restated a day after all were received."""
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(tmp_path / "strategies"))
    monkeypatch.setenv("TRIMTAB_NOW", "2020-03-01T00:00:00Z")
    (tmp_path / "strategies").mkdir()
    monkeypatch.chdir(tmp_path)
    store = BarStore(open_lake(load_settings()))
    bars = bars_from_closes([100.0, 100.0, 90.0, 45.0])
    store.append(bars, RECEIVED)
    close = bars.close.copy()
    close[1] = 101.0
    store.append(replace(bars, close=close), RECEIVED + timedelta(days=1))
    return store


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def document(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    loaded: dict[str, Any] = json.loads(result.stdout)
    return loaded


def tell(tmp_path: Path, *rows: str, announced: bool = False, on_top: bool = False) -> Result:
    path = tmp_path / "told.csv"
    path.write_text("instrument,ex_date,kind,value\n" + "".join(f"{row}\n" for row in rows))
    said = ["--actor", "ada", "--reason", "the company's notice of 2 January"]
    options = [*(["--announced"] if announced else []), *(["--on-top"] if on_top else [])]
    return run("actions", "import", str(path), *said, *options)


def closes(*arguments: str) -> list[float]:
    return [bar["close"] for bar in document("show", "--instrument", "AAA", *arguments)["bars"]]


def test_the_bars_are_shown_as_they_are_and_as_they_were() -> None:
    assert closes() == [100.0, 101.0, 90.0, 45.0]
    assert closes("--as-of", "2020-02-02T09:29:59Z") == [100.0, 100.0, 90.0, 45.0]
    assert closes("--as-of", "2020-01-04") == [100.0, 100.0, 90.0]
    assert closes("--received-by", "2020-02-02T09:30:00+00:00") == [100.0, 101.0, 90.0, 45.0]
    assert closes("--received-by", "2020-02-02T09:30:00+01:00") == [100.0, 100.0, 90.0, 45.0]
    assert closes("--from", "2020-01-02", "--to", "2020-01-03") == [101.0, 90.0]


def test_the_document_of_a_view_says_what_it_is() -> None:
    shown = document("show", "--instrument", "AAA", "--as-of", "2020-02-02T00:00:00-05:00", "--to", "2020-01-01")
    assert shown["bars"][0] == {
        "event_time": "2020-01-01T00:00:00Z", "open": 100.0, "high": pytest.approx(100.1), "low": 99.9,
        "close": 100.0, "volume": 1000.0, "applied_factor": 1.0,
        "known_time": "2020-01-02T00:00:00Z", "received_time": "2020-02-01T09:30:00Z",
    }  # fmt: skip
    del shown["bars"]
    assert shown == {
        "series": "AAA__1d", "adjustment": "raw", "as_of": "2020-02-02T05:00:00Z", "received_by": None,
        "n_bars": 1, "out": None,
    }  # fmt: skip


def test_told_actions_are_listed_and_adjust_what_is_shown(tmp_path: Path) -> None:
    result = tell(tmp_path, "AAA,2020-01-03,dividend,10.1", "AAA,2020-01-04,split,2")
    assert result.exit_code == 0, result.output
    assert closes("--adjustment", "total_return") == pytest.approx([45.0, 45.45, 45.0, 45.0])
    assert closes("--adjustment", "split") == [50.0, 50.5, 45.0, 45.0]
    # They were told in March, after the bars: before that nobody knew.
    assert closes("--adjustment", "total_return", "--as-of", "2020-02-29T23:59:59Z") == [100.0, 101.0, 90.0, 45.0]
    listed = document("actions", "list")["actions"]
    assert listed[1] == {
        "instrument_id": "AAA", "ex_time": "2020-01-04T00:00:00Z", "kind": "split", "value": 2.0,
        "known_time": "2020-03-01T00:00:00Z", "received_time": "2020-03-01T00:00:00Z",
    }  # fmt: skip
    assert [row["kind"] for row in listed] == ["dividend", "split"]
    assert "split" in run("actions", "list", "--instrument", "AAA").output


def test_who_told_what_and_why_stands_in_the_audit_ledger(tmp_path: Path) -> None:
    tell(tmp_path, "AAA,2020-01-04,split,2")
    registry = Workspace.open(load_settings()).registry
    entry = list(registry.audit_entries())[-1]
    assert (entry.actor, entry.event) == ("ada", "actions_imported")
    assert entry.payload == {
        "instrument_id": "AAA",
        "reason": "the company's notice of 2 January",
        "announced": False,
        "actions": [{"ex_date": "2020-01-04", "kind": "split", "value": 2.0}],
    }
    assert registry.verify_audit() is None


def test_an_import_can_be_withdrawn_and_every_version_is_kept(tmp_path: Path) -> None:
    tell(tmp_path, "AAA,2020-01-04,split,2")
    tell(tmp_path, "AAA,2020-01-04,split,1")
    assert document("actions", "list")["actions"] == []
    assert [row["value"] for row in document("actions", "list", "--all")["actions"]] == [2.0, 1.0]
    assert "No actions of AAA are stored" in run("actions", "list", "--instrument", "AAA").output


def test_an_impossible_action_refuses_the_whole_file(tmp_path: Path, store: BarStore) -> None:
    result = tell(tmp_path, "AAA,2020-01-02,dividend,1", "AAA,2020-01-03,dividend,101")
    assert isinstance(result.exception, SchemaError)
    assert "correct the file and import it again" in str(result.exception)
    assert len(store.actions.current("AAA")) == 0
    assert list(Workspace.open(load_settings()).registry.audit_entries()) == []


def test_actions_on_top_of_a_sources_own_adjustment_are_refused_unless_that_is_meant(
    tmp_path: Path, store: BarStore
) -> None:
    store.append(replace(random_walk(5, instrument="BBB"), factor=np.array([0.5, 0.5, 1, 1, 1.0])), RECEIVED)
    told = ("AAA,2020-01-04,split,2", "BBB,2020-01-04,dividend,0.5")
    result = tell(tmp_path, *told)
    assert isinstance(result.exception, ConfigurationError)
    assert "bars of BBB__1d are adjusted by their source already" in str(result.exception)
    assert "--on-top" in str(result.exception)
    assert store.actions.instruments() == []
    assert "BBB__1d come with an adjustment of their source" in tell(tmp_path, *told, on_top=True).output
    assert store.actions.instruments() == ["AAA", "BBB"]
    # Withdrawing counts nothing twice.
    assert tell(tmp_path, "BBB,2020-01-04,dividend,0").exit_code == 0
    assert len(store.actions.current("BBB")) == 0


def test_actions_are_imported_where_no_strategies_are(tmp_path: Path) -> None:
    (tmp_path / "strategies").rmdir()
    assert tell(tmp_path, "AAA,2020-01-04,split,2").exit_code == 0


@pytest.mark.parametrize("name", ["bars.parquet", "bars.csv"])
def test_a_view_is_written_as_a_file_for_other_programs(tmp_path: Path, name: str) -> None:
    tell(tmp_path, "AAA,2020-01-04,split,2")
    result = run("show", "--instrument", "AAA", "--adjustment", "split", "--out", name)
    assert "Wrote 4 bars of AAA__1d (split) to " + name in result.output
    frame = pd.read_parquet(name) if name.endswith("parquet") else pd.read_csv(name)
    assert frame["close"].tolist() == [50.0, 50.5, 45.0, 45.0]
    assert (frame["factor"] == 1.0).all()
    assert str(pd.to_datetime(frame["event_time"], utc=True)[0]) == "2020-01-01 00:00:00+00:00"


def test_series_are_compacted_and_show_what_they_showed(store: BarStore) -> None:
    store.append(random_walk(5, instrument="BBB"), RECEIVED)
    before = closes("--as-of", "2020-02-02T09:29:59Z")
    done = document("compact")["series"]
    assert done == [
        {"instrument_id": "AAA", "timeframe": "1d", "bars": 4, "older_versions": 1, "files_before": 2, "compacted": True},
        {"instrument_id": "BBB", "timeframe": "1d", "bars": 5, "older_versions": 0, "files_before": 1, "compacted": False},
    ]  # fmt: skip
    assert closes("--as-of", "2020-02-02T09:29:59Z") == before
    assert "Compacted 0 of 1 series: 1 was compact already" in run("compact", "--instrument", "AAA").output


def test_only_series_that_were_compacted_are_listed(store: BarStore) -> None:
    for name in ("BBB", "CCC"):
        store.append(random_walk(5, instrument=name), RECEIVED)
    said = run("compact").output
    assert "Compacted 1 of 3 series" in said and "2 were compact already" in said
    assert "AAA" in said and "BBB" not in said and "CCC" not in said


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("show", "--instrument", "AAB"), UnknownNameError, "did you mean 'AAA__1d'"),
        (("show", "--instrument", "AAA", "--timeframe", "2d"), UnknownNameError, "unknown timeframe '2d'"),
        (("show", "--instrument", "AAA", "--adjustment", "splits"), UnknownNameError, "did you mean 'split'"),
        (
            ("show", "--instrument", "AAA", "--as-of", "2020-01-04T10:00"),
            ConfigurationError,
            "carries no time zone; write 2020-01-04T10:00Z",
        ),
        (
            ("show", "--instrument", "AAA", "--as-of", "2020-02-02", "--received-by", "2020-02-02"),
            ConfigurationError,
            "give one of them",
        ),
        (
            ("show", "--instrument", "AAA", "--from", "2020-01-04", "--to", "2020-01-02"),
            ConfigurationError,
            "before it starts",
        ),
        (
            ("show", "--instrument", "AAA", "--from", "2021-01-04"),
            NotEnoughDataError,
            "there are bars from 2020-01-01T00:00:00Z to 2020-01-04T00:00:00Z",
        ),
        (
            ("show", "--instrument", "AAA", "--received-by", "2020-01-31"),
            NotEnoughDataError,
            "no bar of AAA__1d had been received at 2020-01-31 00:00 UTC",
        ),
        (
            ("show", "--instrument", "AAA", "--as-of", "2019-01-01"),
            NotEnoughDataError,
            "no bar of AAA__1d was known at",
        ),
        (("show", "--instrument", "AAA", "--out", "bars.xlsx"), ConfigurationError, "does not end in .parquet or .csv"),
        (("compact", "--instrument", "AAB"), UnknownNameError, "unknown instrument 'AAB'; did you mean 'AAA'"),
        (("actions", "list", "--instrument", "AAB"), UnknownNameError, "unknown instrument 'AAB'"),
    ],
)
def test_mistakes_are_one_sentence(arguments: tuple[str, ...], error: type[TrimtabError], message: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, error), result.output
    assert message in str(result.exception)


def test_an_import_without_a_reason_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "told.csv"
    path.write_text("instrument,ex_date,kind,value\nAAA,2020-01-04,split,2\n")
    result = run("actions", "import", str(path), "--actor", "ada", "--reason", " ")
    assert isinstance(result.exception, ConfigurationError)
    assert "needs who makes it and why" in str(result.exception)


def test_actions_that_were_announced_are_known_from_their_dates_even_when_told_after_the_bars(tmp_path: Path) -> None:
    tell(tmp_path, "AAA,2020-01-04,split,2", announced=True)
    (listed,) = document("actions", "list")["actions"]
    assert listed["known_time"] == "2020-01-04T00:00:00Z"
    before = ("--adjustment", "total_return", "--as-of", "2020-02-29T23:59:59Z")
    assert closes(*before) == [50.0, 50.5, 45.0, 45.0]
