"""Resampling in steps equals resampling at once, whatever is absent, late or adjusted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from fakes.intraday import intraday_bars, moment
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.bars import Bars
from trimtab.bars.resampling import resample
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import SessionCalendar

TIMEFRAMES = sorted(Timeframe, key=lambda timeframe: timeframe.duration)
# Weeks with a half day, with a change of clocks on one side of the Atlantic, and over New Year.
WEEKS = ("2023-11-20", "2024-03-04", "2024-10-28", "2023-12-25")
QUICK = settings(max_examples=60, deadline=None)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Bars, SessionCalendar, list[Timeframe], datetime]:
    """Bars with holes, factors and late parts; a chain of longer and longer timeframes; a time they are made at."""
    calendar = SessionCalendar(draw(st.sampled_from(["24/7", "XNYS", "XTKS", "XHKG", "XLON", "CMES"])))
    start = moment(draw(st.sampled_from(WEEKS)))
    shortest = draw(st.sampled_from(TIMEFRAMES[:5]))
    series, n_days = Series("AAA", shortest), draw(st.integers(1, 12))
    times = calendar.expected_event_times(series, start, start + np.timedelta64(n_days, "D"))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    times = times[rng.random(len(times)) < draw(st.sampled_from([0.05, 0.5, 0.95, 1.0]))]
    bars = intraday_bars(times, shortest, "AAA", seed=draw(st.integers(0, 5)))
    late = np.where(rng.random(len(bars)) < 0.02, 3600 * 24 * 3, 60) * np.timedelta64(1_000_000, "us")
    levels = draw(st.lists(st.sampled_from([1.0, 0.5, 0.25, 0.98]), min_size=1, max_size=3))
    factor = np.array(levels)[np.sort(rng.integers(0, len(levels), len(bars)))]
    bars = replace(bars, known_time=bars.known_time + late, factor=factor)
    longer = [each for each in TIMEFRAMES if each.duration > shortest.duration]
    chain = sorted(draw(st.sets(st.sampled_from(longer), min_size=1)), key=lambda each: each.duration)
    until = datetime.fromisoformat(str(start)[:10]).replace(tzinfo=UTC) + timedelta(hours=draw(st.integers(0, 24 * 21)))
    return bars, calendar, chain, until


@QUICK
@given(cases())
def test_a_chain_of_timeframes_makes_what_one_step_makes(
    case: tuple[Bars, SessionCalendar, list[Timeframe], datetime],
) -> None:
    bars, calendar, chain, until = case
    stepwise = bars
    for timeframe in chain:
        stepwise = resample(stepwise, timeframe, calendar, until=until)
    direct = resample(bars, chain[-1], calendar, until=until)
    for (name, one), (_, other) in zip(stepwise.arrays(), direct.arrays(), strict=True):
        if name.endswith("_time") or (bars.factor == bars.factor[:1]).all():
            np.testing.assert_array_equal(one, other, err_msg=name)
        else:
            np.testing.assert_allclose(one, other, rtol=1e-13, err_msg=name)


@QUICK
@given(cases())
def test_longer_bars_hold_all_their_parts_and_are_known_no_sooner(
    case: tuple[Bars, SessionCalendar, list[Timeframe], datetime],
) -> None:
    bars, calendar, (timeframe, *_), _ = case
    whole = resample(bars, timeframe, calendar, until=datetime(2030, 1, 1, tzinfo=UTC)).adjusted()
    raw = bars.adjusted()
    np.testing.assert_allclose(whole.volume.sum(), raw.volume.sum(), rtol=1e-12)
    if len(bars):
        np.testing.assert_allclose(whole.high.max(), raw.high.max(), rtol=1e-13)
        np.testing.assert_allclose(whole.low.min(), raw.low.min(), rtol=1e-13)
        np.testing.assert_allclose((whole.open[0], whole.close[-1]), (raw.open[0], raw.close[-1]), rtol=1e-13)
        assert whole.known_time.max() >= bars.known_time.max()
    assert (np.diff(whole.event_time) > np.timedelta64(0, "us")).all()
    assert (whole.low <= np.minimum(whole.open, whole.close) * (1 + 1e-12)).all()
    assert (whole.high >= np.maximum(whole.open, whole.close) * (1 - 1e-12)).all()
