"""The verdict on actions told beside prices as traded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.dividend_payers import paying

from trimtab.bars.actions.schema import Actions
from trimtab.bars.checks import judge_actions
from trimtab.bars.schema import PRICES, Bars, concatenate

AT = 120


def told(bars: Bars, kind: str, value: float, row: int = AT) -> Actions:
    return Actions.build("AAA", bars.event_time[[row]], [kind], [value])


def split_at(bars: Bars, row: int, ratio: float) -> Bars:
    level = np.where(np.arange(len(bars)) >= row, 1 / ratio, 1.0)
    return replace(bars, **{name: getattr(bars, name) * level for name in PRICES})


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("split", np.nan, "no number"),
        ("split", np.inf, "no number"),
        ("split", 0.0, "positive number"),
        ("split", -2.0, "positive number"),
        ("dividend", np.nan, "no number"),
        ("dividend", -0.5, "negative"),
        ("dividend", 1e6, "the close before it is"),
    ],
)
def test_what_is_impossible_is_refused(kind: str, value: float, words: str) -> None:
    bars = random_walk(300, seed=3)
    verdict = judge_actions(bars, told(bars, kind, value))
    assert verdict.accepted.tolist() == [False]
    (finding,) = verdict.findings
    assert (finding.check, finding.severity, finding.index) == ("impossible_action", "quarantine", -1)
    assert finding.event_time == bars.event_time[AT]
    assert words in finding.detail


def test_a_dividend_of_all_the_price_is_refused_and_one_of_a_little_less_is_not() -> None:
    bars = random_walk(300, seed=3)
    close = float(bars.close[AT - 1])
    assert judge_actions(bars, told(bars, "dividend", close)).accepted.tolist() == [False]
    assert judge_actions(bars, told(bars, "dividend", close * 0.999)).accepted.tolist() == [True]


@pytest.mark.parametrize(("kind", "value"), [("split", 1.0), ("dividend", 0.0)])
def test_what_withdraws_an_action_is_accepted_in_silence(kind: str, value: float) -> None:
    bars = random_walk(300, seed=3)
    verdict = judge_actions(bars, told(bars, kind, value))
    assert verdict.accepted.tolist() == [True]
    assert verdict.findings == ()


def test_an_action_without_a_date_is_refused() -> None:
    bars = random_walk(300, seed=3)
    undated = Actions.build("AAA", np.array(["NaT"], "M8[us]"), ["dividend"], [0.1])
    assert judge_actions(bars, undated).accepted.tolist() == [False]


@pytest.mark.parametrize("ratio", [4.0, 0.1, 1.1])
def test_a_split_the_price_shows_is_believed_and_one_it_does_not_show_is_doubted(ratio: float) -> None:
    bars = random_walk(300, seed=3)
    assert judge_actions(split_at(bars, AT, ratio), told(bars, "split", ratio)).findings == ()
    verdict = judge_actions(bars, told(bars, "split", ratio))
    assert verdict.accepted.tolist() == [True]
    assert [(finding.check, finding.severity) for finding in verdict.findings] == [("unconfirmed_split", "warning")]


def test_a_stock_dividend_that_is_lost_among_ordinary_returns_is_believed() -> None:
    bars = random_walk(300, seed=3)
    assert judge_actions(bars, told(bars, "split", 1.02)).findings == ()


def test_a_split_turned_round_is_doubted() -> None:
    bars = split_at(random_walk(300, seed=3), AT, 4.0)
    assert [f.check for f in judge_actions(bars, told(bars, "split", 0.25)).findings] == ["unconfirmed_split"]


def test_a_dividend_in_the_wrong_unit_is_said_at_its_ex_time_and_kept() -> None:
    bars, actions = paying([60, 120, 180], [0.012, 0.013, 0.012])
    wrong = replace(actions, value=actions.value * np.array([1.0, 0.01, 1.0]))
    verdict = judge_actions(replace(bars, factor=np.ones(len(bars))), wrong)
    assert verdict.accepted.all()
    assert [(f.check, f.event_time, f.index) for f in verdict.findings] == [
        ("dividend_unit_error", bars.event_time[120], -1)
    ]


def test_broken_and_repeated_bars_in_any_order_do_not_matter() -> None:
    bars = split_at(random_walk(300, seed=3), AT, 4.0)
    close = bars.close.copy()
    close[[AT - 1, 200]] = np.nan
    times = bars.event_time.copy()
    times[250] = np.datetime64("NaT")
    spoilt = concatenate([replace(bars, close=close, event_time=times), bars.take(slice(0, 40))])
    shuffled = spoilt.take(np.random.default_rng(0).permutation(len(spoilt)))
    assert judge_actions(shuffled, told(bars, "split", 4.0)).findings == ()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_actions_can_be_judged_beside_hardly_any_bar(n: int) -> None:
    bars = random_walk(300, seed=3)
    assert judge_actions(bars.take(slice(0, n)), told(bars, "dividend", 0.5)).accepted.tolist() == [True]
    assert judge_actions(bars, Actions.empty("AAA")).accepted.tolist() == []
