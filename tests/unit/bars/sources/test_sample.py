"""The packaged sample against the packages it comes from."""

from __future__ import annotations

from datetime import timedelta

import arch.data.sp500
import numpy as np
import pytest

from trimtab.bars.checks import judge
from trimtab.bars.sources.sample import PackagedSample
from trimtab.market import Series, Timeframe


def test_stocks_are_those_of_bokeh() -> None:
    stocks = pytest.importorskip("bokeh_sampledata.stocks")
    for instrument in ("AAPL", "FB", "GOOG", "IBM", "MSFT"):
        bars, given = PackagedSample().fetch(Series(instrument, Timeframe.DAY)), getattr(stocks, instrument)
        np.testing.assert_array_equal(bars.event_time, np.array(given["date"], dtype="M8[us]"))
        for name in ("open", "high", "low", "close", "volume"):
            np.testing.assert_array_equal(getattr(bars, name), given[name])
        np.testing.assert_allclose(bars.close * bars.factor, given["adj_close"], rtol=1e-12)


def test_the_index_is_that_of_arch() -> None:
    bars, given = PackagedSample().fetch(Series("SPX", Timeframe.DAY)), arch.data.sp500.load()
    np.testing.assert_array_equal(bars.event_time, given.index.to_numpy().astype("M8[us]"))
    np.testing.assert_array_equal(bars.close, given["Close"].to_numpy())


def test_the_publication_lag_is_when_bars_become_known() -> None:
    bars = PackagedSample(timedelta(minutes=15)).fetch(Series("FB", Timeframe.DAY))
    assert (bars.known_time - bars.event_time == np.timedelta64(24 * 60 + 15, "m")).all()


def test_real_bars_are_accepted_and_their_adjusted_splits_are_no_findings() -> None:
    jumps = []
    for series in PackagedSample().instruments():
        verdict = judge(PackagedSample().fetch(series))
        assert verdict.accepted.all(), series
        jumps += [(series.instrument_id, str(found.event_time)[:10]) for found in verdict.of("unadjusted_split")]
    # Apple halved overnight on a profit warning: worth a look, and kept. Its two real splits are not said.
    assert jumps == [("AAPL", "2000-09-29")]
