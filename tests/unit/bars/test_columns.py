"""Which column of a table is what."""

from __future__ import annotations

import pytest

from trimtab.bars.columns import map_columns
from trimtab.errors import SchemaError

BARS = ["Date", "Open", "High", "Low", "Close", "Volume"]


def test_the_columns_of_a_yahoo_export_are_known() -> None:
    mapping = map_columns([*BARS, "Adj Close", "Dividends", "Stock Splits", "Capital Gains"], "x.csv")
    assert {name: mapping[name] for name in ("adjusted_close", "dividend", "split", "capital_gain")} == {
        "adjusted_close": "Adj Close",
        "dividend": "Dividends",
        "split": "Stock Splits",
        "capital_gain": "Capital Gains",
    }


def test_what_is_not_known_is_left_out() -> None:
    assert set(map_columns([*BARS, "comment"], "x.csv").values()) == set(BARS)


def test_a_column_that_is_there_twice_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"x\.csv has the column 'Close' twice"):
        map_columns([*BARS, "Close"], "x.csv")
    assert map_columns([*BARS, "close", "comment", "comment"], "x.csv")["close"] == "Close"
