from __future__ import annotations

import numpy as np
import pytest

from trimtab.backtest.market import bars_per_year

WEEKDAYS = np.array([d for d in np.arange("2024-01-01", "2024-12-31", dtype="datetime64[D]") if np.is_busday(d)])


def session(n_days: int, n_bars: int, minutes: int) -> np.ndarray:
    """Bars of sessions that begin at 14:30 on weekdays."""
    offsets = np.arange(n_bars) * np.timedelta64(minutes, "m") + np.timedelta64(870, "m")
    return (WEEKDAYS[:n_days, None].astype("datetime64[us]") + offsets).ravel()


def by_span(time: np.ndarray) -> float:
    return float((len(time) - 1) / ((time[-1] - time[0]) / np.timedelta64(1, "s")) * 365.25 * 86400.0)


@pytest.mark.parametrize("n_days", [2, 4, 6, 19])
@pytest.mark.parametrize(("n_bars", "minutes"), [(390, 1), (7, 60)])
def test_a_few_sessions_count_as_sessions(n_days: int, n_bars: int, minutes: int) -> None:
    assert bars_per_year(session(n_days, n_bars, minutes)) == n_bars * 252.0


def test_an_unfinished_session_does_not_shorten_the_usual_one() -> None:
    assert bars_per_year(session(4, 390, 1)[100:-50]) == 390 * 252.0


def test_one_longer_session_does_not_lengthen_the_usual_one() -> None:
    late = session(3, 8, 60)[16:] - np.timedelta64(1, "D")  # the second day goes on for an hour
    assert bars_per_year(np.union1d(session(5, 7, 60), late)) == 7 * 252.0


def test_sessions_on_a_saturday_are_on_every_day_of_the_year() -> None:
    days = np.arange("2024-01-04", "2024-01-08", dtype="datetime64[us]", step=np.timedelta64(86_400_000_000, "us"))
    time = (days[:, None] + np.arange(8, 16).astype("timedelta64[h]")).ravel()
    assert bars_per_year(time) == 8 * 365.25


@pytest.mark.parametrize(
    "time",
    [
        session(20, 390, 1),
        session(250, 7, 60),
        WEEKDAYS.astype("datetime64[us]"),
        WEEKDAYS[:5].astype("datetime64[us]"),
        session(1, 390, 1),
        np.arange("2024-01-02T00", "2024-01-04T12", dtype="datetime64[h]").astype("datetime64[us]"),
        np.arange("2024-01-02T00", "2024-01-04T00", dtype="datetime64[m]").astype("datetime64[us]"),
    ],
    ids=["twenty sessions", "a year", "days", "five days", "one session", "around the clock", "minutes"],
)
def test_longer_daily_and_unbroken_series_are_measured_by_their_span_to_the_last_bit(time: np.ndarray) -> None:
    assert bars_per_year(time) == by_span(time)


def test_the_year_of_hours_by_sessions_and_by_span_agree() -> None:
    assert bars_per_year(session(250, 7, 60)) == pytest.approx(7 * 252.0, rel=0.05)
