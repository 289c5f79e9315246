from __future__ import annotations

import pytest

from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.market import Series, Timeframe


@pytest.mark.parametrize("name", ["AAPL", "BTC-USDT", "BRK.B", "^GSPC", "EURUSD=X", "A_B"])
def test_a_key_can_be_read_back(name: str) -> None:
    series = Series(name, Timeframe.HOUR)
    assert Series.parse(series.key) == series


@pytest.mark.parametrize("name", ["BTC/USDT", "A,B", "A|B", "A...B", "", "A__B", "../x", "_A"])
def test_names_that_would_break_a_partition_key_or_a_folder_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot name a series"):
        Series(name, Timeframe.DAY)


def test_a_wrong_key_or_timeframe_is_said() -> None:
    with pytest.raises(ConfigurationError, match="'AAPL' is not a series key"):
        Series.parse("AAPL")
    with pytest.raises(UnknownNameError, match="unknown timeframe '2d'"):
        Series.parse("AAPL__2d")
