"""`trimtab backtest` with files and options that cannot be used, and with those that look wrong and are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fakes.command_line import Answer, trimtab

BARS = "instrument,date,open,high,low,close,volume\n"
DAYS = "".join(f"A,2020-01-{day:02},{10 + day},{11 + day},{9 + day},{10 + day}.5,100\n" for day in range(1, 29))
SIGNALS = "instrument_id,event_time,position\n"
LONG = "A,2020-01-03,1\nA,2020-01-20,0\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound bar file and a sound signal file, in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bars.csv").write_text(BARS + DAYS)
    (tmp_path / "signals.csv").write_text(SIGNALS + LONG)
    return tmp_path


def backtest(*options: str) -> Answer:
    return trimtab("backtest", "--bars", "bars.csv", "--signals", "signals.csv", *options)


def document(*options: str) -> Any:
    answer = backtest(*options, "--json")
    assert answer.code == 0, answer.err
    return answer.document


def refused(*options: str) -> str:
    """The one sentence with which it is refused."""
    answer = backtest(*options)
    assert (answer.code, answer.out) == (1, ""), answer
    assert "Traceback" not in answer.err
    return answer.sentence


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("", "holds no rows"),
        ("A,2031-01-02,1\n", "A: there is no bar at 2031-01-02"),
        ("A,2019-12-31,1\n", "A: there is no bar at 2019-12-31"),
        ("A,2020-01-03T14:30:00Z,1\n", "A: there is no bar at 2020-01-03T14:30:00"),
        ("B,2020-01-03,1\n", "there are positions but no bars for B"),
        ("A,2020-01-03,1\nA,2020-01-03,0\n", "two positions are given for 2020-01-03"),
        ("A,2020-01-03,inf\n", "the position at 2020-01-03T00:00:00.000000Z is infinite"),
        ("A,2020-01-03,-inf\n", "is infinite; a position must be a finite number"),
        ("A,2020-01-03,lots\n", "column 'position' must hold numbers"),
        ("A,some day,1\n", "column 'event_time'"),
        ("A,,1\nA,2020-01-03,1\n", "1 row has no event_time; fill or drop it"),
        ("A,2020-01-03 10:00,1\n", "no time zone"),
    ],
    ids=lambda value: value[:30].strip().replace("\n", " ") or "no rows",
)
def test_signals_that_cannot_be_traded_are_refused_in_one_sentence(folder: Path, rows: str, sentence: str) -> None:
    (folder / "signals.csv").write_text(SIGNALS + rows)
    assert sentence in refused()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (BARS, "has columns but no rows"),
        ("", "bars.csv"),
        ("instrument,date,open\nA,2020-01-03,1\n", "close"),
        (BARS + DAYS.splitlines()[2] + "\n", "say which it is, one of 1m"),
        (BARS + DAYS + "A,2020-01-28,38,39,37,38.5,100\n", "several bars at 2020-01-28"),
        (BARS + DAYS.replace("38.5", "-38.5"), "positive number"),
        (BARS + DAYS.replace("38.5", "inf"), "positive number"),
    ],
    ids=[
        "header only",
        "empty",
        "columns missing",
        "one bar of unknown length",
        "duplicate",
        "negative price",
        "infinite price",
    ],
)
def test_bars_that_cannot_be_traded_are_refused_in_one_sentence(folder: Path, content: str, sentence: str) -> None:
    (folder / "bars.csv").write_text(content)
    (folder / "signals.csv").write_text(SIGNALS + "A,2020-01-03,1\n")
    assert sentence in refused()


def test_one_bar_is_not_enough(folder: Path) -> None:
    (folder / "bars.csv").write_text(BARS + DAYS.splitlines()[2] + "\n")
    (folder / "signals.csv").write_text(SIGNALS + "A,2020-01-03,1\n")
    assert "a backtest needs at least 2 bars, not 1" in refused("--timeframe", "1d")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--timeframe", "2d"), "unknown timeframe '2d'"),
        *(
            ((f"--{name}", "-1"), f"{name.replace('-', '_')} is -1.0; costs must be finite and not negative")
            for name in ("commission-bps", "commission-per-share", "commission-per-trade", "slippage-bps", "impact")
        ),
        (("--borrow-bps-per-year", "nan"), "borrow_bps_per_year is nan; costs must be finite"),
        (("--max-volume-share", "1.5"), "max_volume_share is 1.5; give a share above 0 and up to 1"),
        (("--cash", "0"), "cash is 0.0; a backtest starts with money"),
        (("--cash", "nan"), "cash is nan; a backtest starts with money"),
        (("--positions", "weights", "--max-leverage", "0.5"), "2020-01-0"),
        (("--cash", "10", "--max-leverage", "1"), "2020-01-0"),
        (("--benchmark", "SPX"), "unknown instrument of bars.csv 'SPX'; allowed: A"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_options_that_cannot_be_are_refused_in_one_sentence(
    folder: Path, options: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refused(*options)


@pytest.mark.parametrize(
    "options",
    [("--delay-bars", "-1"), ("--periods-per-year", "0"), ("--periods-per-year", "inf"), ("--positions", "shares")],
)
def test_options_out_of_range_are_wrong_usage(folder: Path, options: tuple[str, ...]) -> None:
    answer = backtest(*options)
    assert (answer.code, answer.out) == (2, "")
    assert options[0] in answer.err


def test_rows_in_any_order_are_the_same_backtest(folder: Path) -> None:
    expected = document()
    (folder / "bars.csv").write_text(BARS + "".join(reversed(DAYS.splitlines(keepends=True))))
    (folder / "signals.csv").write_text(SIGNALS + "".join(reversed(LONG.splitlines(keepends=True))))
    assert document() == expected
    assert expected["metrics"]["n_trades"] == 1


def test_positions_of_nothing_trade_nothing_and_say_so(folder: Path) -> None:
    (folder / "signals.csv").write_text(SIGNALS + "A,2020-01-03,0\n")
    found = document("--surface")
    assert found["trades"] == []
    assert found["metrics"]["sharpe_ratio"] is None
    assert found["metrics"]["trade_win_rate"] is None
    assert found["break_even_cost_bps"] is None
    assert "Nothing was traded" in backtest().out


def test_a_bar_without_a_price_or_volume_is_told_as_an_order_that_could_not_fill(folder: Path) -> None:
    (folder / "bars.csv").write_text(BARS + DAYS.replace("A,2020-01-04,14,", "A,2020-01-04,,"))
    found = document()
    assert [(order["reason"], order["event_time"][:10]) for order in found["unfilled"]] == [("no price", "2020-01-04")]
    assert found["trades"][0]["entry_time"][:10] == "2020-01-05"
    (folder / "bars.csv").write_text(BARS + DAYS.replace("14.5,100", "14.5,0"))
    found = document()
    assert [(order["reason"], order["event_time"][:10]) for order in found["unfilled"]] == [("no volume", "2020-01-04")]
    assert found["trades"][0]["entry_time"][:10] == "2020-01-05"
    assert "1 order could not fill when it should (1 no volume)" in backtest().out


def test_an_order_that_no_bar_follows_is_told(folder: Path) -> None:
    (folder / "signals.csv").write_text(SIGNALS + "A,2020-01-28,5\n")
    found = document()
    assert (found["n_unfilled"], found["unfilled"][0]["reason"]) == (1, "no bar follows")
    assert found["trades"] == []
