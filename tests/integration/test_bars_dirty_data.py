"""The checks on real broken files with known truth, and on real clean files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trimtab.bars.checks import Verdict, judge
from trimtab.bars.files import read_bar_file
from trimtab.bars.sources import SourceOptions, open_source

TRUTH_ENDS = np.datetime64("2023-12-29")
CHECK_OF = {
    "duplicate_timestamps": "duplicate_time",
    "nan_rows": "missing_value",
    "ohlc_violations": "inconsistent_ohlc",
    "unadjusted_splits": "unadjusted_split",
}


@pytest.fixture(scope="module")
def judged(shared_data: Path) -> list[tuple[dict[str, Any], Verdict]]:
    truth = json.loads((shared_data / "dirty" / "dirty_equities_daily.defects.json").read_text())["defects"]
    bars = read_bar_file(shared_data / "dirty" / "dirty_equities_daily.parquet").bars
    return [(truth[series.instrument_id], judge(each)) for series, each in bars.items()]


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
        for finding in judge(source.fetch(series)).findings
    }
    assert found == truth
