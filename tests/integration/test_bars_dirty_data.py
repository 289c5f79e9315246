"""The checks on real broken files with known truth, and on real clean files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trimtab.bars.actions.adjust import split_factor
from trimtab.bars.checks import Verdict, judge, judge_actions
from trimtab.bars.files import read_bar_file
from trimtab.bars.schema import Bars
from trimtab.bars.sources import SourceOptions, open_source
from trimtab.bars.sources.protocol import BarSource
from trimtab.market import Series

TRUTH_ENDS = np.datetime64("2023-12-29")
CHECK_OF = {
    "duplicate_timestamps": "duplicate_time",
    "nan_rows": "missing_value",
    "ohlc_violations": "inconsistent_ohlc",
    "unadjusted_splits": "unadjusted_split",
}
OF_DIVIDENDS = {"missing_adjustment", "wrong_adjustment", "dividend_unit_error", "duplicate_dividend"}
OF_LEVELS = {"unadjusted_split", "spike", "unit_error"}
REPAIRED = [
    "8TRA-DE-1d-missing-div-adjust",
    *(f"{name}-1d-bad-div" for name in ("ABDP-L", "ADIG-L", "ELCO-L", "KEN-TA", "KME-MI", "LSC-L")),
    *(f"{name}-1d-bad-div" for name in ("NVT-L", "REL-L", "RGL-L", "TENT-L", "TEP-PA")),
    *(f"{name}-1d-cg-double-count" for name in ("DODFX", "VWILX")),
    *(f"{name}-bad-stock-split" for name in ("AV-L-1wk", "LA-V-1d", "MOB-ST-1d")),
]
CONTROLS = [
    "EA-15m-no-bad-divs",
    *(f"{name}-1d-no-bad-divs" for name in ("CALM", "EWG", "HSBK-IL", "IBE-MC", "KMR-L")),
]
BAD_ADJUSTMENTS = {
    "JCI": "2007-07-02",
    "WY": "2010-07-20",
    "EXPE": "2011-12-21",
    "UA": "2016-03-23",
    "MO": "2008-03-31",
    "DHR": "2016-07-05",
}


@pytest.fixture(scope="module")
def judged(shared_data: Path) -> list[tuple[dict[str, Any], Verdict]]:
    truth = json.loads((shared_data / "dirty" / "dirty_equities_daily.defects.json").read_text())["defects"]
    bars = read_bar_file(shared_data / "dirty" / "dirty_equities_daily.parquet").bars
    return [(truth[series.instrument_id], judge(each)) for series, each in bars.items()]


@pytest.fixture(scope="module")
def repair(shared_data: Path) -> Path:
    return shared_data / "dirty" / "yfinance_repair"


def dates(verdict: Verdict, check: str) -> set[str]:
    return {str(finding.event_time)[:10] for finding in verdict.of(check) if finding.event_time <= TRUTH_ENDS}


@pytest.mark.parametrize("kind", CHECK_OF)
def test_every_recorded_defect_is_found_and_nothing_is_invented(
    judged: list[tuple[dict[str, Any], Verdict]], kind: str
) -> None:
    for truth, verdict in judged:
        recorded = {each["date"] if isinstance(each, dict) else each for each in truth[kind]}
        assert dates(verdict, CHECK_OF[kind]) == recorded


def test_every_missing_session_is_in_a_gap(judged: list[tuple[dict[str, Any], Verdict]]) -> None:
    for truth, verdict in judged:
        spans = [finding.detail.partition(": ")[2].split(" to ") for finding in verdict.of("gap")]
        for session in truth["missing_sessions"]:
            assert any(span[0] <= session <= span[-1] for span in spans), session


def test_contradicting_rows_of_a_crypto_file_are_refused_and_no_time_is_kept_twice(shared_data: Path) -> None:
    (bars,) = read_bar_file(shared_data / "dirty" / "dirty_crypto_5m_bittrex.parquet").bars.values()
    verdict = judge(bars)
    times, counts = np.unique(bars.event_time, return_counts=True)
    contradicting = [time for time in times[counts > 1] if len(np.unique(bars.close[bars.event_time == time])) > 1]
    assert len(contradicting) == 28
    assert not np.isin(bars.event_time[verdict.accepted], contradicting).any()
    assert len(np.unique(bars.event_time[verdict.accepted])) == verdict.accepted.sum()


def read(path: Path) -> pd.DataFrame:
    """A file as pandas reads it, by date, with the log factor."""
    table = pd.read_csv(path)
    table.index = pd.Index(table.pop(table.columns[0]).str[:10], name="date")
    table = table.sort_index().dropna(subset=["Close"])
    return table.assign(step=np.log((table["Adj Close"] / table["Close"]).clip(lower=1e-9)).diff().fillna(0.0))


def repaired_dates(broken: Path) -> tuple[set[str], set[str]]:
    """Dates at which the repaired file tells another dividend or step of the factor; another price."""
    one, two = read(broken), read(broken.with_name(broken.name.replace(".csv", "-fixed.csv")))
    told = one["Dividends"].sub(two["Dividends"]).abs() > 1e-3 * one["Dividends"]
    # Splits of a file in weeks are repaired by prices alone; its factor follows the close.
    stepped = one["step"].sub(two["step"]).abs() > 1e-4
    priced = (one["Close"] / two["Close"] - 1).abs() > 0.01
    return set(one.index[(told | stepped) & ~priced]), set(one.index[priced])


def named_dates(path: Path, checks: set[str]) -> set[str]:
    file = read_bar_file(path)
    ((series, bars),) = file.bars.items()
    verdict = judge(bars, actions=file.actions[series])
    return {str(finding.event_time)[:10] for finding in verdict.findings if finding.check in checks}


@pytest.mark.parametrize("name", REPAIRED)
def test_everything_that_was_repaired_is_found_and_nothing_after_the_repair(repair: Path, name: str) -> None:
    dividends, prices = repaired_dates(repair / f"{name}.csv")
    assert dividends | prices
    assert dividends <= named_dates(repair / f"{name}.csv", OF_DIVIDENDS)
    assert prices <= named_dates(repair / f"{name}.csv", OF_LEVELS)
    assert named_dates(repair / f"{name}-fixed.csv", OF_DIVIDENDS | {"unadjusted_split"}) == set()


@pytest.mark.parametrize("name", CONTROLS)
def test_real_dividends_without_a_defect_are_no_finding(repair: Path, name: str) -> None:
    every = OF_DIVIDENDS | {"unadjusted_split", "unexplained_jump", "adjustment_break", "unit_error"}
    assert named_dates(repair / f"{name}.csv", every) == set()


@pytest.mark.parametrize("name", [*REPAIRED, *CONTROLS])
def test_nothing_that_was_repaired_is_kept_out_for_its_dividends(repair: Path, name: str) -> None:
    file = read_bar_file(repair / f"{name}.csv")
    ((series, bars),) = file.bars.items()
    assert judge(bars, actions=file.actions[series]).accepted.tolist() == judge(bars).accepted.tolist()


def test_dividends_larger_than_the_price_are_refused_where_prices_are_as_traded(repair: Path) -> None:
    file = read_bar_file(repair / "LSC-L-1d-bad-div.csv")
    ((series, bars),) = file.bars.items()
    verdict = judge_actions(replace(bars, factor=np.ones(len(bars))), file.actions[series])
    refused = file.actions[series].take(~verdict.accepted)
    assert [str(day)[:10] for day in refused.ex_time] == ["2022-06-09", "2022-11-03", "2023-06-08", "2023-11-09"]


@pytest.mark.slow
def test_the_known_bad_adjustments_are_said_and_real_crashes_are_kept(shared_data: Path) -> None:
    bars = {
        series.instrument_id: each
        for series, each in read_bar_file(shared_data / "equities_daily.parquet").bars.items()
    }
    for instrument, date in BAD_ADJUSTMENTS.items():
        verdict = judge(bars[instrument])
        said = {finding.check for finding in verdict.findings if str(finding.event_time)[:10] == date}
        assert said & {"unexplained_jump", "unadjusted_split", "adjustment_break"}, (instrument, date)
    for instrument in ("PNC", "STT", "AIG"):
        assert judge(bars[instrument]).accepted.all()


@pytest.mark.slow
def test_dividends_the_factor_counts_twice_are_counted_once_by_another_vintage(shared_data: Path) -> None:
    one = {s.instrument_id: bars for s, bars in read_bar_file(shared_data / "equities_daily.parquet").bars.items()}
    other = read_bar_file(shared_data / "equities_daily_stocknet.parquet").bars.items()
    compared = 0
    for series, bars in other:
        if series.instrument_id not in one:
            continue
        findings = judge(one[series.instrument_id]).of("duplicate_dividend")
        days = np.array([finding.event_time for finding in findings], "M8[us]")
        steps = np.diff(np.log(bars.factor))[np.isin(bars.event_time[1:], days)]
        compared += len(steps)
        assert 2 * np.count_nonzero(np.abs(steps) > 1e-4) == len(steps), series
    assert compared >= 10


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["crypto_1m", "crypto_5m", "crypto_1h", "crypto_1d", "equities_daily", "equities_daily_stocknet"]
)
def test_real_clean_bars_are_all_accepted_and_hardly_any_is_flagged(shared_data: Path, name: str) -> None:
    verdicts = [judge(bars) for bars in read_bar_file(shared_data / f"{name}.parquet").bars.values()]
    n = sum(len(verdict.accepted) for verdict in verdicts)
    assert sum(int(verdict.accepted.sum()) for verdict in verdicts) == n
    assert sum(int(verdict.flagged.sum()) for verdict in verdicts) <= 0.001 * n
    assert sum(len(verdict.findings) for verdict in verdicts) <= 0.001 * n


@pytest.mark.parametrize("seed", range(5))
def test_every_planted_defect_of_the_simulated_market_is_found_and_nothing_else(seed: int) -> None:
    source = open_source("simulated", SourceOptions(seed=seed))
    truth = {(row["instrument_id"], row["check"], row["event_time"][:10]) for row in source.truth()}  # type: ignore[attr-defined]  # only this source knows its truth
    assert truth
    found = {
        (series.instrument_id, finding.check, str(finding.event_time)[:10])
        for series in source.instruments()
        for finding in judge(at_level(source, series)).findings
    }
    assert truth <= found
    # One defect may be named twice: a bar without a price leaves a gap, of two rows one is refused.
    assert {(instrument, date) for instrument, _, date in found} == {(i, date) for i, _, date in truth}


def at_level(source: BarSource, series: Series) -> Bars:
    """Bars as ingest judges them: the splits a source tells are in the factor."""
    bars = source.fetch(series)
    return replace(bars, factor=bars.factor * split_factor(bars, source.actions(series)))
