"""Batch, incremental and single-row computation agree to 1e-9 for every feature, on any market."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trimtab.bars import Bars
from trimtab.bars.sources.files import BarFiles
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import FeatureBlock, compute
from trimtab.features.export import accepted_in_order
from trimtab.features.incremental import update
from trimtab.features.surroundings import Surroundings
from trimtab.features.warmup import TOLERANCE, bars_needed, compute_tail, differences, median_size
from trimtab.features.warmup_cases import N_BARS, REAL, bars_of, cases, surroundings_of

NAMES = tuple(catalogue())
DAYS = ("dirty/dirty_equities_daily.parquet", "equities_daily.parquet")


@lru_cache(maxsize=4)
def history(case: str) -> tuple[Bars, Surroundings, FeatureBlock]:
    """A series, what surrounds it, and its features in one batch."""
    bars = bars_of(case, N_BARS)
    around = surroundings_of(bars)
    return bars, around, compute(bars, NAMES, surroundings=around)


def disagreeing(full: FeatureBlock, part: FeatureBlock) -> list[str]:
    """The features of which some rows are not those of the batch, by name."""
    rows = np.searchsorted(full.event_time, part.event_time)
    assert (full.event_time[rows] == part.event_time).all() and (full.known_time[rows] == part.known_time).all()

    def differs(name: str) -> bool:
        whole = full.column(name)
        return bool((differences(part.column(name), whole[rows], median_size(whole)) > TOLERANCE).any())

    return [name for name in part.names if differs(name)]


def assert_parity(
    bars: Bars, around: Surroundings, full: FeatureBlock, names: Sequence[str], end: int, rows: int
) -> None:
    """The newest rows of a history cut at `end`: together, and the last one alone."""
    needed = bars_needed(names, rows)
    until = bars.take(slice(max(end - needed - 50, 0), end))
    is_complete = len(until) == end
    assert disagreeing(full, update(until, names, rows, around, complete_history=is_complete)) == []
    assert disagreeing(full, compute_tail(until, names, rows, around, complete_history=is_complete)) == []
    assert disagreeing(full, compute_tail(until, names, 1, around, complete_history=is_complete)) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(cases()), st.data(), st.integers(1, 40))
def test_every_feature_agrees_on_real_and_simulated_markets(case: str, data: st.DataObject, rows: int) -> None:
    bars, around, full = history(case)
    end = data.draw(st.integers(rows, len(bars)), label="end")
    assert_parity(bars, around, full, NAMES, end, rows)


@pytest.mark.parametrize("case", ["AAPL", "SPX"])
def test_a_series_grown_in_steps_is_the_batch(case: str) -> None:
    """From the first bar on, in steps of 1 to 900 bars, each step knowing only what came before."""
    bars, around, full = history(case)
    steps, end = np.random.default_rng(3), 0
    while end < len(bars):
        rows = int(min(steps.choice([1, 30, 400, 900]), len(bars) - end))
        end += rows
        block = update(bars.take(slice(0, end)), NAMES, rows, around, complete_history=True)
        assert disagreeing(full, block) == [], (case, end, rows)


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in cases() if case not in REAL])
def test_every_single_row_of_a_long_stretch_agrees(case: str) -> None:
    bars, around, full = history(case)
    needed = bars_needed(NAMES)
    for end in range(needed + 1, len(bars), 61):
        block = update(bars.take(slice(end - needed, end)), NAMES, 1, around)
        assert disagreeing(full, block) == [], (case, end)


@pytest.mark.slow
@pytest.mark.parametrize("instrument", ["BTC-USDT", "ALGO-USDT", "DOGE-USDT"])
def test_every_feature_agrees_on_real_crypto_hours(shared_data: Path, instrument: str) -> None:
    assert_parity_of_file(shared_data / "crypto_1h.parquet", [instrument])


@pytest.mark.slow
def test_every_feature_agrees_on_real_five_minute_bars_of_a_thin_market(shared_data: Path) -> None:
    assert_parity_of_file(shared_data / "crypto_5m.parquet", ["AUR-BTC"])


@pytest.mark.slow
@pytest.mark.parametrize("file", DAYS)
def test_every_feature_agrees_on_real_days_clean_and_dirty(shared_data: Path, file: str) -> None:
    assert_parity_of_file(shared_data / file, None)


def assert_parity_of_file(file: Path, instruments: Sequence[str] | None) -> None:
    """Some series of a bar file, at ends spread over each."""
    source = BarFiles(file)
    chosen = [each for each in source.instruments() if instruments is None or each.instrument_id in instruments]
    assert chosen
    for series in chosen[:: max(len(chosen) // 4, 1)]:
        bars = accepted_in_order(source.fetch(series))
        around = surroundings_of(bars)
        full = compute(bars, NAMES, surroundings=around)
        for end in np.linspace(60, len(bars), 4).astype(int):
            assert_parity(bars, around, full, NAMES, int(end), rows=min(40, int(end)))
