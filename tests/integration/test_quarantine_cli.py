"""`trimtab bars quarantine` as a person uses it, on simulated and on real defects."""

from __future__ import annotations

import getpass
import json
import re
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.bar_sources import GivenBars
from typer.testing import CliRunner, Result

from trimtab.bars.files import read_bar_file
from trimtab.bars.ingest import ingest
from trimtab.bars.quarantine import Quarantine, bar_ids
from trimtab.bars.schema import Bars
from trimtab.bars.sources.simulated import SimulatedMarket
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_datetime
from trimtab.cli.app import app as everything
from trimtab.cli.bars.quarantine import app
from trimtab.clock import SimulatedClock
from trimtab.config import Settings
from trimtab.errors import BarsError, ConfigurationError, NotFoundError, TransitionError, TrimtabError, UnknownNameError
from trimtab.market import Series, Timeframe
from trimtab.storage.lake import Lake, open_lake

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "work_with_the_quarantine.md"
SIMBAD = Series("SIMBAD", Timeframe.DAY)
WHY = ("--actor", "ada", "--reason", "looked it up")


@pytest.fixture(autouse=True)
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """The lake the commands use; no strategies are near."""
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRIMTAB_NOW", "2024-06-01T00:00:00Z")
    monkeypatch.chdir(tmp_path)
    return open_lake(Settings(data_dir=tmp_path / "data"), SimulatedClock(datetime(2024, 5, 1, tzinfo=UTC)))


@pytest.fixture
def simbad(lake: Lake) -> Bars:
    """The simulated market's bad instrument, ingested; what was delivered."""
    bars = SimulatedMarket().fetch(SIMBAD)
    take_in(lake, bars)
    return bars


def take_in(lake: Lake, bars: Bars) -> None:
    ingest(GivenBars(bars), bars.series, BarStore(lake), Quarantine(lake), lake.clock)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def document(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    loaded: dict[str, Any] = json.loads(result.stdout)
    return loaded


def first_refused_by(check: str) -> str:
    bar: str = document("list", "--check", check)["bars"][0]["id"]
    return bar


@pytest.mark.parametrize("width", ["80", "120"])
def test_every_planted_bad_bar_is_listed(simbad: Bars, monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)
    truth = {row["event_time"][:10] for row in SimulatedMarket().truth() if row["instrument_id"] == "SIMBAD"}
    bars = document("list", "--instrument", "SIMBAD")["bars"]
    assert {bar["event_time"][:10] for bar in bars} <= truth
    assert {reason["check"] for bar in bars for reason in bar["reasons"]} >= {
        "unit_error", "non_positive_price", "inconsistent_ohlc", "duplicate_time",
    }  # fmt: skip
    shown = run("list").output
    assert all(bar["id"][:7] in shown for bar in bars)
    assert "unit_error: close" in shown


def test_a_bar_is_shown_with_its_neighbours_and_a_plot(simbad: Bars) -> None:
    bar = first_refused_by("unit_error")
    shown = run("show", bar[:7])
    assert shown.exit_code == 0
    assert re.search(rf"▶ .* open +{bar}", shown.output)
    assert "Nothing is stored of this time." in shown.output
    plot = Path(shown.output.rpartition("plot: ")[2].strip())
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert len(document("show", bar)["around"]) == 11


def test_a_released_bar_is_stored_and_no_longer_open(simbad: Bars, lake: Lake) -> None:
    bar = first_refused_by("unit_error")
    result = run("release", bar[:7], *WHY)
    assert re.fullmatch(
        rf"released {bar} SIMBAD__1d of \d{{4}}-\d\d-\d\d by ada: stored, known from now on\n", result.output
    )
    assert bar not in {each["id"] for each in document("list")["bars"]}
    (entry,) = [each for each in document("list", "--all")["bars"] if each["id"] == bar]
    assert (entry["state"], entry["stored"]) == ("released", True)
    assert bar in bar_ids(BarStore(lake).stored(SIMBAD))
    assert "looked it up" in run("show", bar).output


def test_bars_refused_by_one_check_are_rejected_together(simbad: Bars) -> None:
    twice = [bar["id"] for bar in document("list", "--check", "duplicate_time")["bars"]]
    done = document("reject", "--check", "duplicate_time", *WHY)["decisions"]
    assert [made["bar"] for made in done] == twice
    assert {(made["by"], made["reason"], made["stored"]) for made in done} == {("ada", "looked it up", None)}
    assert document("list", "--check", "duplicate_time")["bars"] == []
    assert "nothing was decided" in run("reject", "--check", "duplicate_time", *WHY).output


def test_a_refused_and_a_stored_bar_are_corrected(simbad: Bars, lake: Lake) -> None:
    bar = first_refused_by("non_positive_price")
    before = document("show", bar)
    made = document("correct", bar, "--close", str(before["open"]), "--low", str(before["open"] * 0.99), *WHY)
    assert made["decisions"][0]["values"]["close"] == before["open"]
    assert made["decisions"][0]["stored"] == "new"
    time = as_datetime(simbad.event_time[0]).date().isoformat()
    run("correct", "--instrument", "SIMBAD", "--time", time, "--volume", "7", *WHY)
    versions = BarStore(lake).history(SIMBAD, as_datetime(simbad.event_time[0]))
    assert versions.volume.tolist() == [simbad.volume[0], 7.0]
    shown = run("list", "--all").output
    assert "accepted, then" in shown
    assert "corrected" in shown


def test_the_actor_is_who_is_logged_in_when_nobody_is_named(simbad: Bars, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "grace")
    made = document("reject", first_refused_by("unit_error"), "--reason", "in cents")["decisions"]
    assert made[0]["by"] == "grace"

    def nobody() -> str:
        raise OSError("no username set in the environment")

    monkeypatch.setattr(getpass, "getuser", nobody)
    result = run("reject", first_refused_by("unit_error"), "--reason", "in cents")
    assert isinstance(result.exception, ConfigurationError)
    assert "say it with --actor NAME" in str(result.exception)


def test_an_empty_quarantine_says_so() -> None:
    assert "No refused bar waits for a decision" in run("list").output
    assert document("list") == {"bars": []}


MISTAKES: list[tuple[Callable[[], tuple[str, ...]], type[TrimtabError], str]] = [
    (lambda: ("show", "ffff0000ffff"), NotFoundError, "no bar whose id begins with 'ffff0000ffff'"),
    (lambda: ("show", "ff"), ConfigurationError, "'ff' is too short"),
    (lambda: ("list", "--instrument", "SIMBED"), UnknownNameError, "did you mean 'SIMBAD'"),
    (lambda: ("list", "--timeframe", "2d"), UnknownNameError, "unknown timeframe '2d'"),
    (lambda: ("release", first_refused_by("non_positive_price"), *WHY), BarsError, "cannot be stored"),
    (lambda: ("release", first_refused_by("unit_error"), "--actor", "", "--reason", "x"), ConfigurationError, "an actor"),
    (lambda: ("release", first_refused_by("unit_error"), "--reason", " "), ConfigurationError, "needs a reason"),
    (lambda: ("reject", *WHY), ConfigurationError, "say which bars to reject"),
    (lambda: ("reject", "abcdef", "--check", "unit_error", *WHY), ConfigurationError, "say which bars to reject"),
    (lambda: ("correct", "--close", "1", *WHY), ConfigurationError, "say which bar to correct"),
    (lambda: ("correct", "--instrument", "SIMBAD", "--time", "2016-01-02", "--close", "1", *WHY), NotFoundError, "is stored at"),
    (lambda: ("correct", "--instrument", "SIMBAD", "--time", "noon", "--close", "1", *WHY), ConfigurationError, "is no time"),
    (lambda: ("correct", first_refused_by("unit_error"), *WHY), ConfigurationError, "nothing was given"),
    (lambda: ("correct", first_refused_by("unit_error"), "--volume", "1", *WHY), BarsError, "does not fit the bars around it"),
    (lambda: ("list", "--check", "duplicate"), UnknownNameError, "unknown check 'duplicate'; did you mean 'duplicate_time'"),
    (lambda: ("reject", "--check", "wicks", *WHY), UnknownNameError, "allowed: duplicate_time, inconsistent_ohlc"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "error", "message"), MISTAKES, ids=[each[2] for each in MISTAKES])
def test_mistakes_are_one_sentence(
    simbad: Bars, arguments: Callable[[], tuple[str, ...]], error: type[TrimtabError], message: str
) -> None:
    result = run(*arguments())
    assert isinstance(result.exception, error)
    assert message in str(result.exception).replace("a actor", "an actor")
    assert "\n" not in str(result.exception)


def test_deciding_twice_is_refused_with_who_was_first(simbad: Bars) -> None:
    bar = first_refused_by("unit_error")
    run("release", bar, *WHY)
    result = run("release", bar, *WHY)
    assert isinstance(result.exception, TransitionError)
    assert "was released by ada at 2024-06-01T00:00:00Z" in str(result.exception)


def test_the_commands_of_the_page_can_be_run_in_its_order() -> None:
    blocks = re.findall(r"^```\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line) for block in blocks for line in block.splitlines() if line.startswith("trimtab ")]
    assert len(lines) >= 8
    for words in lines:
        result = CliRunner().invoke(everything, words[1:])
        assert result.exit_code == 0, (words, result.output, result.exception)
        assert "nothing was decided" not in result.output


def test_a_strange_correction_is_stored_when_it_is_said_to_be_true(simbad: Bars) -> None:
    bar = first_refused_by("unit_error")
    made = document("correct", bar, "--volume", "1", "--anyway", *WHY)["decisions"][0]
    assert made["stored"] == "new"


def test_real_contradicting_rows_of_an_exchange_are_decided_and_stay_decided(shared_data: Path, lake: Lake) -> None:
    (bars,) = read_bar_file(shared_data / "dirty" / "dirty_crypto_5m_bittrex.parquet").bars.values()
    take_in(lake, bars)
    open_ = document("list", "--check", "conflicting_duplicate")["bars"]
    first = open_[0]
    done = document("release", first["id"], *WHY)["decisions"][0]
    others = {name for name in bar_ids(bars) if name != first["id"]} & set(done["rejected"])
    assert len(others) >= 1
    assert {made["event_time"] for made in document("show", first["id"])["decisions"]} == {first["event_time"]}
    before = BarStore(lake).n_versions(bars.series)
    take_in(lake, bars)
    assert BarStore(lake).n_versions(bars.series) == before
    stored = BarStore(lake).stored(bars.series)
    at = stored.event_time == np.datetime64(first["event_time"].rstrip("Z"), "us")
    assert stored.close[at].tolist() == [first["close"]]


def test_real_empty_rows_are_corrected_and_repeated_ones_rejected(shared_data: Path, lake: Lake) -> None:
    files = read_bar_file(shared_data / "dirty" / "dirty_equities_daily.parquet").bars
    bars = files[Series("AAPL", Timeframe.DAY)]
    take_in(lake, bars)
    n_open = len(document("list", "--instrument", "AAPL")["bars"])
    n_rejected = len(document("reject", "--check", "duplicate_time", "--instrument", "AAPL", *WHY)["decisions"])
    empty = first_refused_by("missing_value")
    result = run("release", empty, *WHY)
    assert isinstance(result.exception, BarsError)
    values = ("--open", "162.45", "--high", "163.84", "--low", "158.28", "--close", "159.22", "--volume", "121954600")
    made = document("correct", empty, *values, *WHY)["decisions"][0]
    assert made["stored"] == "new"
    assert len(document("list", "--instrument", "AAPL")["bars"]) == n_open - n_rejected - 1
    take_in(lake, bars)
    history = BarStore(lake).history(bars.series, datetime.fromisoformat(made["event_time"]))
    assert history.close.tolist() == [159.22]
