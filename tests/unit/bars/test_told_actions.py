"""Dividends, splits and capital gains that stand beside prices."""

from __future__ import annotations

import numpy as np

from trimtab.bars.actions.schema import Actions
from trimtab.bars.told_actions import actions_of, paid_out

DAYS = np.array(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"], dtype="datetime64[us]")


def told(actions: Actions) -> list[tuple[str, str, float]]:
    return [
        (str(day)[:10], kind, value)
        for day, kind, value in zip(actions.ex_time, actions.kind, actions.value, strict=True)
    ]


def test_zero_and_nothing_tell_no_action() -> None:
    nothing = np.array([0.0, np.nan, 0.0, np.nan])
    assert len(actions_of("X", DAYS, {"dividend": nothing, "split": nothing, "capital_gain": nothing})) == 0
    assert len(actions_of("X", DAYS, {})) == 0


def test_a_split_and_a_dividend_of_one_date_are_two_actions() -> None:
    numbers = {"dividend": np.array([0, 0.5, 0, 0]), "split": np.array([0, 4.0, 0.1, 0])}
    assert told(actions_of("X", DAYS, numbers)) == [
        ("2024-01-03", "dividend", 0.5),
        ("2024-01-03", "split", 4.0),
        ("2024-01-04", "split", 0.1),
    ]


def test_capital_gains_within_the_dividend_are_not_counted_twice() -> None:
    numbers = {"dividend": np.array([9.968, 0.5, 0.0, 1.0]), "capital_gain": np.array([8.999, 0.75, 0.25, 1.0])}
    assert told(actions_of("X", DAYS, numbers)) == [
        ("2024-01-02", "dividend", 9.968),
        ("2024-01-03", "dividend", 1.25),
        ("2024-01-04", "dividend", 0.25),
        ("2024-01-05", "dividend", 1.0),
    ]


def test_an_action_takes_effect_with_the_session_of_its_row_and_is_known_then() -> None:
    opened = np.array(["2024-01-02T14:30", "2024-01-02T14:45"], dtype="datetime64[us]")
    actions = actions_of("X", opened, {"dividend": np.array([0.19, 0.0])})
    assert told(actions) == [("2024-01-02", "dividend", 0.19)]
    assert actions.known_time[0] == np.datetime64("2024-01-02")


def test_of_two_rows_of_a_date_the_last_that_tells_something_counts() -> None:
    days = DAYS[[1, 0, 1, 1]]
    assert told(actions_of("X", days, {"dividend": np.array([0.4, 0.0, 0.5, 0.0])})) == [
        ("2024-01-03", "dividend", 0.5)
    ]


def test_a_row_without_a_time_tells_nothing() -> None:
    times = np.array(["NaT"], dtype="datetime64[us]")
    assert len(actions_of("X", times, {"split": np.array([2.0])})) == 0


def test_nothing_beside_a_dividend_or_a_gain_takes_nothing_from_it() -> None:
    dividend, gains = np.array([0.5, np.nan, np.nan]), np.array([np.nan, 0.25, np.nan])
    assert paid_out(dividend, gains).tolist() == [0.5, 0.25, 0.0]
