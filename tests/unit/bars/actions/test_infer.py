"""Splits read off a source's own factor: the real ones of real shares, and none that were not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fakes.actions import listed
from fakes.bars import bars_from_closes, random_walk

from trimtab.bars.actions.adjust import adjust
from trimtab.bars.actions.infer import infer_splits
from trimtab.bars.adjustment import factor_of
from trimtab.bars.schema import Bars
from trimtab.bars.sources.sample import PackagedSample
from trimtab.market import Series, Timeframe


@pytest.mark.parametrize(
    ("instrument", "splits"),
    [
        ("AAPL", [("2000-06-21", "split", 2.0), ("2005-02-28", "split", 2.0)]),
        ("MSFT", [("2003-02-18", "split", 2.0)]),  # and a special dividend of 3 dollars in 2004, which is none
        ("IBM", []),
        ("GOOG", []),  # its split was in 2014, a year after the sample ends
        ("FB", []),
        ("SPX", []),
    ],
)
def test_the_splits_of_the_packaged_sample_are_found(instrument: str, splits: list[tuple[str, str, float]]) -> None:
    bars = PackagedSample().fetch(Series(instrument, Timeframe.DAY))
    assert listed(infer_splits(bars)) == splits


def test_the_split_view_of_the_sample_has_no_split_and_keeps_the_dividends_out() -> None:
    bars = PackagedSample().fetch(Series("AAPL", Timeframe.DAY))
    view = adjust(bars, infer_splits(bars).take(slice(0, 0)), "split")
    assert sorted(set(view.factor.tolist())) == [0.25, 0.5, 1.0]
    adjusted = view.adjusted().close
    assert np.abs(np.diff(np.log(adjusted))).max() < 0.75  # 29 September 2000, a profit warning
    assert adjusted[-1] == bars.close[-1]


@pytest.mark.parametrize("ratio", [1.25, 1.5, 2.0, 3.0, 7.0, 20.0, 0.5, 0.1, 1 / 15])
def test_a_planted_split_is_found_with_its_exact_ratio(ratio: float) -> None:
    """With an adjusted close in cents, and with a dividend of half a per cent on the day of a large split."""
    bars, dividend = random_walk(60, seed=5), 0.995 if abs(np.log(ratio)) > 0.65 else 1.0
    traded = np.where(np.arange(60) < 30, max(ratio, 1.0), max(1 / ratio, 1.0))
    close = bars.close * traded
    adjusted = np.round(bars.close * np.where(np.arange(60) < 30, dividend, 1.0), 2)
    told = replace(bars, open=close, high=close, low=close, close=close, factor=factor_of(adjusted, close))
    (found,) = listed(infer_splits(told))
    assert found == ("2020-01-31", "split", ratio)


def test_a_step_of_the_factor_without_a_jump_of_the_price_is_no_split() -> None:
    """As in a vendor's wrong adjustment: the close is continuous while its adjusted close doubles."""
    bars = replace(bars_from_closes([100.0, 101.0, 102.0]), factor=np.array([0.5, 0.5, 1.0]))
    assert len(infer_splits(bars)) == 0


def test_a_jump_of_the_price_without_a_step_of_the_factor_is_no_split() -> None:
    assert len(infer_splits(bars_from_closes([100.0, 50.0, 51.0]))) == 0
    vintage = replace(bars_from_closes([100.0, 50.0, 51.0]), factor=np.array([0.9, 0.9, 1.0]))
    assert len(infer_splits(vintage)) == 0


def test_a_ratio_that_nobody_splits_by_is_no_split() -> None:
    bars = replace(bars_from_closes([100.0, 58.0, 59.0]), factor=np.array([1 / 1.7, 1.0, 1.0]))
    assert len(infer_splits(bars)) == 0


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_bars_show_no_split(n: int) -> None:
    assert len(infer_splits(random_walk(3).take(slice(0, n)))) == 0


def test_prices_that_a_vendor_has_split_adjusted_show_spin_offs_alone(shared_data: Path) -> None:
    """Yahoo's way: open to close are adjusted for splits, the adjusted close for dividends too.

    299 equities in twelve years have no split left. Two spin-offs that the vendor booked as just 3 for 2
    and 4 for 3 (Kraft's from Mondelez and from Altria) cannot be told from one; ten others are.
    """
    frame = pd.read_parquet(shared_data / "equities_daily.parquet").sort_values("ts")
    found: dict[str, list[tuple[str, str, float]]] = {}
    for symbol, rows in frame.groupby("symbol"):
        number = {name: rows[name].to_numpy() for name in ("open", "high", "low", "close", "volume", "adj_close")}
        factor = factor_of(number.pop("adj_close"), number["close"])
        times = rows["ts"].dt.tz_localize(None).to_numpy()
        bars = Bars.build(Series(str(symbol), Timeframe.DAY), times, *number.values(), factor=factor)
        if len(splits := infer_splits(bars)):
            found[str(symbol)] = listed(splits)
    assert found == {
        "MDLZ": [("2012-10-02", "split", 1.5)],
        "MO": [("2007-04-02", "split", pytest.approx(4 / 3))],
    }
