"""Freshness counts the bars a market should have given, never the hours of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from trimtab.bars.freshness import Freshness, freshness
from trimtab.errors import ConfigurationError
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import SessionCalendar


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def state(last: str | None, now: str, timeframe: str = "1d", calendar: str = "XNYS", lag: float = 0) -> Freshness:
    series = Series("AAA", Timeframe.parse(timeframe))
    return freshness(
        series, at(last) if last else None, at(now), SessionCalendar(calendar), timedelta(minutes=lag)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("last", "now", "behind"),
    [
        ("2024-03-08", "2024-03-10T12:00", 0),  # Sunday
        ("2024-03-08", "2024-03-11T21:30", 0),  # Monday's bar is a day from Monday 00:00 UTC
        ("2024-03-08", "2024-03-11T23:59", 0),
        ("2024-03-08", "2024-03-12T00:00", 1),
        ("2024-03-28", "2024-04-01T12:00", 0),  # Good Friday and Easter weekend
        ("2024-03-27", "2024-04-01T12:00", 1),
        ("2024-07-03", "2024-07-05T12:00", 0),  # Independence Day
        ("2001-09-10", "2001-09-17T23:59", 0),  # four sessions that never were
        ("2001-09-10", "2001-09-18T00:00", 1),
        ("2024-01-02", "2024-03-10T12:00", 46),
        ("2024-03-08T14:30", "2024-03-10T12:00", 0),  # stamped with the open
    ],
)
def test_days_behind_are_sessions(last: str, now: str, behind: int) -> None:
    found = state(last, now)
    assert (found.n_behind, found.is_fresh) == (behind, behind == 0)


def test_crypto_is_behind_on_a_sunday() -> None:
    found = state("2024-03-08", "2024-03-11T00:00", calendar="24/7")
    assert (found.n_behind, found.newest_expected) == (2, at("2024-03-10"))


def test_what_is_still_to_be_published_is_not_missed() -> None:
    assert state("2024-03-08", "2024-03-12T00:14", lag=15).is_fresh
    assert state("2024-03-08", "2024-03-12T00:15", lag=15).n_behind == 1


@pytest.mark.parametrize(
    ("last", "now", "timeframe", "behind"),
    [
        ("2024-03-08T20:30", "2024-03-11T14:29", "1h", 0),  # over the weekend and the change of clocks
        ("2024-03-08T20:30", "2024-03-11T14:30", "1h", 1),
        ("2023-11-22T20:30", "2023-11-24T16:30", "1h", 2),
        ("2023-11-24T17:30", "2023-11-24T23:00", "1h", 0),  # the half day ended at 18:00
        ("2024-03-08T20:55", "2024-03-09T12:00", "5m", 0),
        ("2024-03-08T20:45", "2024-03-09T12:00", "5m", 2),
        ("2024-03-08T20:00", "2024-03-09T12:00", "1h", 0),  # hours of the clock: the last began at 20:00
        ("2024-03-08T19:00", "2024-03-09T12:00", "1h", 1),
    ],
)
def test_intraday_bars_are_expected_within_sessions_only(last: str, now: str, timeframe: str, behind: int) -> None:
    assert state(last, now, timeframe).n_behind == behind


def test_a_week_is_behind_once_it_is_over() -> None:
    assert state("2024-02-26", "2024-03-10T23:59", "1w").is_fresh
    assert state("2024-02-26", "2024-03-11T00:00", "1w").n_behind == 1
    assert state("2024-03-01", "2024-03-10T23:59", "1w").is_fresh  # stamped with its Friday


def test_without_any_bar_the_newest_expected_is_behind() -> None:
    assert state(None, "2024-03-10T12:00") == Freshness(None, at("2024-03-08"), 1, False)


def test_a_bar_from_the_future_is_fresh() -> None:
    assert state("2024-03-12", "2024-03-10T12:00") == Freshness(at("2024-03-12"), at("2024-03-08"), 0, True)


def test_years_nobody_knows_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="XTKS knows sessions from 1997-01-01"):
        state("1990-03-08", "1990-03-10T12:00", calendar="XTKS")
