"""Named crises: measured where forecasts reach them, named as not reached where they do not."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from fakes.out_of_sample import out_of_sample

from trimtab.validation.stress import PERIODS, StressPeriod, stress_results

DAYS = np.arange("2020-01-01", "2020-07-01", dtype="datetime64[D]").astype("datetime64[us]")
CRASH = StressPeriod("crash", date(2020, 2, 20), date(2020, 4, 30))
EQUITY = np.linspace(100.0, 282.0, len(DAYS))


def results(time: np.ndarray, *periods: StressPeriod, equity: np.ndarray = EQUITY):  # type: ignore[no-untyped-def]
    samples = out_of_sample(np.ones(len(time)), value=np.tile([0.9, 0.1], len(time))[: len(time)])
    return stress_results("classification", samples, time, DAYS[: len(equity)], equity, seed=0, periods=periods)


def test_a_period_counts_its_own_days_both_ends_included() -> None:
    (found,) = results(DAYS, CRASH)
    assert (found.n, found.n_times, found.note) == (71, 71, "")
    assert found.accuracy == pytest.approx(36 / 71, abs=1 / 71)
    first, last = np.searchsorted(DAYS, np.array(["2020-02-20", "2020-04-30"], "datetime64[us]"))
    assert found.total_return == pytest.approx(EQUITY[last] / EQUITY[first - 1] - 1.0)


def test_the_drawdown_is_that_within_the_period() -> None:
    equity = np.full(len(DAYS), 100.0)
    equity[60:70] = 80.0
    equity[150:] = 10.0  # a fall after the period is none of its own
    (found,) = results(DAYS, CRASH, equity=equity)
    assert found.max_drawdown == pytest.approx(-0.2)
    assert found.total_return == pytest.approx(0.0)


def test_a_period_that_begins_with_the_account_has_its_first_bar_too() -> None:
    samples = out_of_sample(np.ones(0), value=np.ones(0))
    january = StressPeriod("january", date(2020, 1, 1), date(2020, 1, 31))

    def of(start: float | None):  # type: ignore[no-untyped-def]
        found = stress_results(
            "classification", samples, DAYS[:0], DAYS, EQUITY, seed=0, start=start, periods=(january,)
        )
        return found[0]

    assert of(200.0).total_return == pytest.approx(EQUITY[30] / 200.0 - 1.0)
    assert of(200.0).max_drawdown == pytest.approx(-0.5)
    assert of(None).total_return == pytest.approx(EQUITY[30] / EQUITY[0] - 1.0)


def test_without_an_account_there_is_no_return() -> None:
    (found,) = results(DAYS, CRASH, equity=EQUITY[:0])
    assert found.n == 71 and np.isnan(found.total_return) and np.isnan(found.max_drawdown)


def test_a_period_out_of_reach_says_so() -> None:
    found = results(DAYS, *PERIODS)
    notes = {each.period: each.note for each in found}
    assert notes["financial crisis 2008"] == "not reached: forecasts run from 2020-01-01 to 2020-06-30"
    assert notes["pandemic crash 2020"] == ""
    assert np.isnan(found[0].accuracy) and np.isnan(found[0].total_return) and found[0].n == 0


def test_a_period_reached_in_part_or_stepped_over_says_so() -> None:
    (part,) = results(DAYS[60:], CRASH)
    assert part.note == "reached in part: forecasts run from 2020-03-01 to 2020-06-30"
    (over,) = results(DAYS[[0, 150]], CRASH)
    assert over.note == "not reached: no forecast was made within it"
    (none,) = results(DAYS[:0], CRASH)
    assert none.note == "not reached: there are no forecasts"


def test_every_period_ends_after_it_begins() -> None:
    assert all(period.start < period.end for period in PERIODS)
    assert len({period.name for period in PERIODS}) == len(PERIODS)
