"""The tables of `trimtab bars show`, `check` and `ingest`, as a person reads them in a terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes.bars import bars_from_closes
from typer.testing import CliRunner

from trimtab.bars.store import BarStore
from trimtab.cli.bars import app
from trimtab.config import load_settings
from trimtab.storage.lake import open_lake

RECEIVED = datetime(2020, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BarStore:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return BarStore(open_lake(load_settings()))


def said(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def column(text: str, title: str, at: int) -> list[str]:
    """The cells of one column of the table under a title, counted by words from the left."""
    table = text[text.index(title) :].split("── \n", 1)[1]
    lines = table.split("\n")
    return [line.split()[at] for line in lines[: next(i for i, line in enumerate(lines) if not line.strip())]]


def test_a_long_history_is_shown_by_its_first_and_last_bars(store: BarStore) -> None:
    store.append(bars_from_closes([100 + at / 8 for at in range(43)]), RECEIVED)
    text = said("show", "--instrument", "AAA")
    assert "AAA__1d, raw prices: 43 bars" in text
    assert "3 bars between the first and the last 20 are left out" in text
    days = [f"2020-01-{day:02d}" for day in range(1, 32)] + [f"2020-02-{day:02d}" for day in range(1, 13)]
    assert column(text, "raw prices", 0) == [*days[:20], "…", *days[23:]]
    assert len(json.loads(said("show", "--instrument", "AAA", "--json"))["bars"]) == 43


def test_a_history_of_forty_bars_is_shown_whole(store: BarStore) -> None:
    store.append(bars_from_closes([100 + at / 8 for at in range(40)]), RECEIVED)
    text = said("show", "--instrument", "AAA")
    assert len(column(text, "raw prices", 0)) == 40
    assert "left out" not in text and "…" not in text


def test_prices_are_shown_to_the_digit_they_were_stored_with(store: BarStore) -> None:
    store.append(bars_from_closes([28924.63, 411.2345, 28924.0], instrument="BTC"), RECEIVED)
    assert column(said("show", "--instrument", "BTC"), "raw prices", 4) == ["28924.63", "411.2345", "28,924"]


def test_eighty_columns_break_no_number_of_the_bars_and_of_the_ingest(
    store: BarStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    store.append(bars_from_closes([541.23, 526.5, 12605.75]), RECEIVED)
    text = said("show", "--instrument", "AAA")
    assert column(text, "raw prices", 4) == ["541.23", "526.5", "12605.75"]
    assert "2020-03-01 09:30" in text
    text = said("ingest", "--source", "sample", "--instrument", "AAPL")
    assert text.count("3,270") >= 3
    for head in ("fetched", "accepted", "quarantined", "new", "restated", "unchanged", "readjusted", "warnings"):
        assert head in text


def test_findings_are_counted_and_shown_rarest_and_worst_first(tmp_path: Path) -> None:
    days = [f"2020-{month:02d}-{day:02d}" for month in (1, 2) for day in range(1, 29)]
    rows = [f"{day},100,101,99,100.5,{1000 + at}" for at, day in enumerate(days)]
    for at in range(5):
        rows[at] = f"{days[at]},100,101,99,150.{at},1000"  # the close lies above the high
    rows[30] = f"{days[30]},100,101,99,100.5,-4"
    del rows[40]
    (tmp_path / "x.csv").write_text("date,open,high,low,close,volume\n" + "\n".join(rows))
    text = said("check", "x.csv", "--calendar", "24/7")
    assert column(text, "Findings by check", 0) == ["negative_volume", "inconsistent_ohlc", "gap"]
    assert column(text, "Findings by check", 2)[:2] == ["1", "5"]
    assert column(text, "Findings by check", 3) == ["1.82%", "9.09%", "–"]  # 1 and 5 of 55 bars
    shown = column(text, "The first findings of each check", 1)
    assert shown[:4] == ["negative_volume", *["inconsistent_ohlc"] * 3]
    assert set(shown[4:]) == {"gap"}
    found = json.loads(said("check", "x.csv", "--calendar", "24/7", "--json"))["instruments"][0]["findings"]
    assert f"{len(shown)} of {len(found)} (all with --json)" in text


def test_few_findings_are_all_shown(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("date,open,high,low,close,volume\n2020-01-02,1,1,1,-1,1\n2020-01-03,1,1,1,1,1\n")
    text = said("check", "x.csv")
    assert column(text, "Findings\n", 1) == ["inconsistent_ohlc", "non_positive_price"]
    assert "all with --json" not in text
