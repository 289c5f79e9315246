"""`trimtab bars resample` on a real lake: what was new, restated and unchanged."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from fakes.bars import random_walk
from fakes.intraday import intraday_bars, moment, new_york_session, times_between
from typer.testing import CliRunner, Result

from trimtab.bars.actions.schema import Actions
from trimtab.bars.schema import TIME
from trimtab.bars.store import BarStore
from trimtab.cli.bars.resample import resample
from trimtab.config import Settings
from trimtab.errors import ConfigurationError, NotEnoughDataError, UnknownNameError
from trimtab.market import Series, Timeframe
from trimtab.storage.lake import open_lake

RECEIVED = datetime(2024, 4, 1, tzinfo=UTC)
MINUTES = intraday_bars(times_between([new_york_session("2024-03-08"), new_york_session("2024-03-11")]))
HOURS = Series("AAPL", Timeframe.HOUR)
app = typer.Typer()
app.command()(resample)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BarStore:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))
    return BarStore(open_lake(Settings(data_dir=tmp_path / "data")))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def answer(*more: str, to: str = "1h", instrument: str = "AAPL", shorter: str = "1m") -> dict[str, Any]:
    result = run("--instrument", instrument, "--from", shorter, "--to", to, "--json", *more)
    assert result.exit_code == 0, result.output
    loaded: dict[str, Any] = json.loads(result.stdout)
    return loaded


def test_hours_are_made_of_minutes_once(store: BarStore) -> None:
    store.append(MINUTES, RECEIVED)
    first, again = answer(), answer()
    assert (first["calendar"], first["parts"], first["bars"], first["outside_sessions"]) == ("XNYS", 780, 14, 0)
    assert [(each["new"], each["restated"], each["unchanged"]) for each in (first, again)] == [(14, 0, 0), (0, 0, 14)]
    stored = store.stored(HOURS)
    assert stored.volume.sum() == MINUTES.volume.sum()
    assert [str(time)[5:16] for time in stored.event_time[[0, 6, 7]]] == ["03-08T14:30", "03-08T20:30", "03-11T13:30"]


def test_a_restated_minute_becomes_a_restated_hour(store: BarStore) -> None:
    store.append(MINUTES, RECEIVED)
    answer()
    volume = MINUTES.volume.copy()
    volume[100] += 1
    store.append(replace(MINUTES, volume=volume), RECEIVED)
    again = answer()
    assert (again["new"], again["restated"], again["unchanged"]) == (0, 1, 13)
    (old, new) = store.history(HOURS, datetime(2024, 3, 8, 15, 30, tzinfo=UTC)).volume
    assert new == old + 1


def test_an_hour_that_still_lacks_minutes_waits_for_the_next_call(store: BarStore) -> None:
    store.append(MINUTES.take(slice(0, 100)), RECEIVED)
    first = answer()
    assert (first["bars"], first["complete_until"]) == (1, "2024-03-08T16:10:00Z")
    store.append(MINUTES, RECEIVED)
    second = answer()
    assert (second["new"], second["restated"], second["unchanged"]) == (13, 0, 1)


def test_a_named_calendar_decides_where_days_end(store: BarStore) -> None:
    store.append(MINUTES, RECEIVED)
    assert answer("--calendar", "24/7", to="4h")["bars"] == 5
    assert [str(time)[11:16] for time in store.stored(Series("AAPL", Timeframe.FOUR_HOURS)).event_time] == [
        "12:00", "16:00", "20:00", "12:00", "16:00",
    ]  # fmt: skip


def test_the_week_of_a_split_is_read_as_its_days_are(store: BarStore) -> None:
    days = random_walk(21, start="2024-01-01", instrument="AAPL")
    level = np.where(days.event_time < moment("2024-01-11"), 1.0, 1 / 4)
    prices = {name: getattr(days, name) * level for name in ("open", "high", "low", "close")}
    store.append(replace(days, **prices, volume=days.volume / level), RECEIVED)
    split = Actions.build("AAPL", np.array(["2024-01-11"], TIME), np.array(["split"]), np.array([4.0]))
    store.actions.append(split, RECEIVED, last_seen=None)
    answer("--calendar", "24/7", shorter="1d", to="1w")
    weeks = store.current(Series("AAPL", Timeframe.WEEK)).adjusted()
    seen = store.current(days.series).adjusted()
    np.testing.assert_allclose(weeks.low, seen.low.reshape(3, 7).min(axis=1), rtol=1e-14)


def test_a_person_sees_a_table(store: BarStore) -> None:
    store.append(MINUTES, RECEIVED)
    result = run("--instrument", "AAPL", "--from", "1m", "--to", "1d")
    assert result.exit_code == 0
    assert "Resampled AAPL__1m to 1d" in result.output
    assert "XNYS" in result.output


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("AAPL", "1m", "2h"), UnknownNameError, "unknown timeframe '2h'"),
        (("AAPL", "1m", "1m"), ConfigurationError, "1m bars can become 5m"),
        (("IBM", "1m", "1h"), NotEnoughDataError, "no bars of IBM__1m are stored (of IBM: nothing); ingest them first"),
        (("AAPL", "5m", "1h"), NotEnoughDataError, "(of AAPL: AAPL__1m); ingest them first"),
        (("AAPL", "1m", "1h", "--calendar", "XNYC"), UnknownNameError, "unknown calendar 'XNYC'"),
    ],
)
def test_mistakes_are_one_sentence_and_store_nothing(
    store: BarStore, arguments: tuple[str, ...], error: type[Exception], message: str
) -> None:
    store.append(MINUTES, RECEIVED)
    instrument, shorter, longer, *more = arguments
    result = run("--instrument", instrument, "--from", shorter, "--to", longer, *more)
    assert isinstance(result.exception, error)
    assert message in str(result.exception)
    assert store.series() == [MINUTES.series]
