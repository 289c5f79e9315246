"""Counts of shares beside prices on another basis of splits are noticed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from fakes.bars import random_walk

from trimtab.bars import Bars
from trimtab.bars.actions.schema import Actions
from trimtab.facts import Figures
from trimtab.pipeline.share_counts import unmatched_splits

BARS = random_walk(400, seed=4)
DAYS = BARS.event_time[[20, 120, 220, 320]]
NO_ACTIONS = Actions.empty("AAA")


def counts(*values: float) -> Figures:
    n = len(values)
    nat = np.full(n, np.datetime64("NaT", "us"))
    return Figures.build("AAA", ["shares_outstanding"] * n, nat, DAYS[:n], values, DAYS[:n] + np.timedelta64(30, "D"))


def as_traded(ratio: float, row: int) -> Bars:
    """The same bars before they were adjusted for a split."""
    held = np.where(np.arange(len(BARS)) < row, ratio, 1.0)
    return replace(BARS, **{name: getattr(BARS, name) * held for name in ("open", "high", "low", "close")})


def test_a_split_of_the_counts_beside_adjusted_prices_is_noticed() -> None:
    odd = unmatched_splits(counts(100.0, 101.0, 707.0, 700.0), BARS, NO_ACTIONS)
    assert [(each.stated, round(each.ratio, 3)) for each in odd] == [(DAYS[2] + np.timedelta64(30, "D"), 7.0)]


def test_prices_as_traded_and_told_actions_explain_it() -> None:
    split = counts(100.0, 101.0, 707.0, 700.0)
    assert unmatched_splits(split, as_traded(7.0, 200), NO_ACTIONS) == []
    told = Actions.build("AAA", BARS.event_time[200:201], ["split"], [7.0])
    assert unmatched_splits(split, as_traded(7.0, 200), told) == []


def test_issues_and_buybacks_are_no_splits() -> None:
    assert unmatched_splits(counts(100.0, 125.0, 113.0, 90.0), BARS, NO_ACTIONS) == []


def test_without_bars_or_counts_nothing_is_said() -> None:
    assert unmatched_splits(counts(100.0, 200.0), BARS.take(slice(0, 0)), NO_ACTIONS) == []
    assert unmatched_splits(Figures.empty("AAA"), BARS, NO_ACTIONS) == []
    assert unmatched_splits(counts(100.0, 200.0), BARS.take(slice(100, 400)), NO_ACTIONS) == []


def test_apple_s_seven_for_one_is_noticed_beside_adjusted_prices(shared_data: Path) -> None:
    from trimtab.bars.files import read_bar_file
    from trimtab.facts.sources import read_figures
    from trimtab.market import Series, Timeframe

    bars = read_bar_file(shared_data / "equities_daily.parquet").bars[Series("AAPL", Timeframe.DAY)]
    filed = read_figures("sec_companyfacts", shared_data / "sec_companyfacts.parquet", ["AAPL"])["AAPL"]
    odd = unmatched_splits(filed, bars, Actions.empty("AAPL"))
    assert [round(each.ratio) for each in odd] == [7]
