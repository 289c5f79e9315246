"""The prices of a backtest from a file: which they are, and where they are wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trimtab.backtest.bar_files import read_price_file
from trimtab.errors import SchemaError
from trimtab.market import Timeframe

HEAD = "instrument,date,open,high,low,close,volume"
DAYS = ("2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05")


def written(tmp_path: Path, rows: list[str], head: str = HEAD) -> Path:
    path = tmp_path / "bars.csv"
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def daily(prices: tuple[float, ...] = (100, 101, 102, 103), more: str = "") -> list[str]:
    return [f"ACME,{day},{p},{p + 1},{p - 1},{p},1000{more}" for day, p in zip(DAYS, prices, strict=True)]


def test_adjusted_prices_of_a_file_without_any_are_refused_in_one_sentence(tmp_path: Path) -> None:
    path = written(tmp_path, daily())
    with pytest.raises(SchemaError, match=r"bars\.csv has no adjusted prices; leave --adjusted away, or add a column"):
        read_price_file(path, adjusted=True)
    assert read_price_file(path, adjusted=False).notes == ()


def test_an_adjusted_close_adjusts_even_where_it_equals_the_close(tmp_path: Path) -> None:
    half = read_price_file(written(tmp_path, daily(more=",50.5"), f"{HEAD},Adj Close"), adjusted=True).prices["ACME"]
    np.testing.assert_allclose(half.close, 50.5)
    rows = [f"{row},{row.split(',')[5]}" for row in daily()]
    same = read_price_file(written(tmp_path, rows, f"{HEAD},Adj Close"), adjusted=True).prices["ACME"]
    np.testing.assert_array_equal(same.close, [100, 101, 102, 103])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*daily(), daily()[1]], r"bars\.csv: ACME: there are several bars at 2024-01-03T00:00:00Z; keep one"),
        (daily((100, -5, 102, 103)), r"bars\.csv: ACME: the open at 2024-01-03T00:00:00Z is -5; a price is"),
        (daily((100, 101, 0, 103)), r"the open at 2024-01-04T00:00:00Z is 0; a price is"),
    ],
)
def test_a_bar_that_cannot_be_traded_is_told_with_file_and_time(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        read_price_file(written(tmp_path, rows), adjusted=False)


def test_rows_may_come_in_any_order(tmp_path: Path) -> None:
    found = read_price_file(written(tmp_path, daily()[::-1]), adjusted=False).prices["ACME"]
    np.testing.assert_array_equal(found.close, [100, 101, 102, 103])


def test_a_timeframe_that_the_spacing_contradicts_is_noted_or_refused(tmp_path: Path) -> None:
    path = written(tmp_path, daily())
    (note,) = read_price_file(path, adjusted=False, timeframe=Timeframe.HOUR).notes
    assert note == "bars.csv: bars of ACME are 1d apart, not 1h as --timeframe says"
    with pytest.raises(SchemaError, match="bars of 1w would overlap: those of ACME are 1d apart; give --timeframe 1d"):
        read_price_file(path, adjusted=False, timeframe=Timeframe.WEEK)
    assert read_price_file(path, adjusted=False, timeframe=Timeframe.DAY).notes == ()


def test_a_gap_that_looks_like_a_split_is_noted_for_raw_prices_only(tmp_path: Path) -> None:
    path = written(tmp_path, daily((100, 101, 50, 51), ",50"), f"{HEAD},Adj Close")
    (note,) = read_price_file(path, adjusted=False).notes
    assert note == (
        "ACME: the open at 2024-01-04T00:00:00Z is -50% from the close before; if that is a split, use adjusted prices"
    )
    assert read_price_file(path, adjusted=True).notes == ()
