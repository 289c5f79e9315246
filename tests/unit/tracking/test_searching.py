from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from fakes.runs import record
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.tracking.searching import OWN, parse_filter, search_runs

GOOD = record(
    "good",
    strategy="btc-volatility",
    metrics={"accuracy": 0.7, "p_value": math.nan},
    parameters={"num_leaves": 8, "members": {"linear": 1.0}},
    tags={"version": "1.0.0"},
    resources={"wall_seconds": 12.0},
)
POOR = record(
    "poor",
    strategy="eq trend",
    status="failed",
    metrics={"accuracy": 0.5},
    parameters={"num_leaves": 16, "scaling": "none", "version": 3},
    dataset="abcdef" + "0" * 58,
    started=datetime(2024, 3, 1, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("accuracy > 0.6", "good"),
        ("accuracy>=0.5", "good poor"),
        ("accuracy > 0.6 and strategy = eq", ""),
        ("strategy = 'eq trend' and accuracy < 0.6", "poor"),
        ('strategy != "eq trend"', "good"),
        ("strategy ~ VOLAT", "good"),
        ("status = failed", "poor"),
        ("dataset = abcdef00", "poor"),
        ("num_leaves = 16", "poor"),
        ("parameters.num_leaves <= 8", "good"),
        ("scaling = none", "poor"),
        ("scaling != lots", "poor"),  # a run without the value meets no condition about it
        ("p_value < 1", ""),  # nor does an unknown one
        ("started > 2024-02-01", "poor"),
        ("tags.version = 1.0.0", "good"),
        ("parameters.version = 3", "poor"),
        ("wall_seconds > 10 and seed = 7", "good"),
        ("members ~ linear", "good"),
    ],
)
def test_a_filter_finds_the_runs_that_meet_every_condition(text: str, found: str) -> None:
    assert [each.id for each in search_runs([GOOD, POOR], text)] == found.split()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at its end"),
        ("accuracy", "at its end"),
        ("accuracy >", "at its end"),
        ("accuracy > 0.6 and", "at its end"),
        ("> 0.6", "at '>'"),
        ("accuracy 0.6", "at '0.6'"),
        ("accuracy > > 1", "at '>'"),
        ("accuracy > 0.6 or seed = 7", "'or' stands where 'and' belongs"),
        ("accuracy > high", "> compares numbers and times; use =, != or ~ for a text"),
        ("accuracy > 'open", "cannot be read"),
        ("accuracy ! 3", "cannot be read"),
    ],
)
def test_a_text_that_is_no_filter_is_refused_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        parse_filter(text)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_name_no_run_has_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="unknown name in the filter 'acuracy'; did you mean 'accuracy'"):
        search_runs([GOOD, POOR], "acuracy > 0.6")
    for name in OWN:
        search_runs([GOOD, POOR], f"{name} != nobody")


@given(st.text(alphabet="ab.=<>!~'\" 01_(){}[];and", max_size=40))
def test_any_text_is_a_filter_or_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        assert parse_filter(text)
    except ConfigurationError:
        return


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_compare_as_numbers(value: float, limit: float) -> None:
    one = record(metrics={"m": value})
    assert bool(search_runs([one], f"m > {limit!r}")) == (value > limit)
    assert bool(search_runs([one], f"m = {limit!r}")) == (value == limit)
