from __future__ import annotations

from dataclasses import replace

import numpy as np

from trimtab.validation.significance import BaselineComparison, Comparison
from trimtab.validation.verdict import Verdict
from trimtab.validation.verdict_sentence import verdict_sentence
from trimtab.validation.walk_forward import OutOfSample, WalkForwardReport

NOTHING = OutOfSample(*(np.empty(0) for _ in range(6)))
REPORT = WalkForwardReport("classification", (), {}, {}, {}, "", "", 0.9, Verdict.GOOD, 0.0, NOTHING)


def against(name: str, p_value: float, n_times: int = 300, n_differing: int = 90) -> Comparison:
    return Comparison(name, 0.6, 0.5, 0.1, 0.0, 0.2, p_value, p_value, 3.0, n_times, 1.0, p_value, n_differing)


def said(naive: float, majority: float, report: WalkForwardReport = REPORT, **other: float) -> str:
    others = tuple(against(name, p_value) for name, p_value in other.items())
    return verdict_sentence(report, BaselineComparison(against("naive", naive), against("majority", majority), others))


def test_good_beside_a_large_p_value_is_taken_back() -> None:
    assert said(0.001, 0.3123) == (
        "GOOD by accuracy and consistency, but not better than always saying the commoner class (p 0.31)"
    )


def test_good_beside_a_small_one_names_the_baseline_that_was_hardest_to_beat() -> None:
    assert said(0.004, 0.0005) == (
        "GOOD by accuracy and consistency, and better than every naive forecast "
        "(against the naive forecast of the label p 0.004)"
    )


def test_a_rule_that_is_not_beaten_is_named() -> None:
    assert "but not better than always saying up (p 0.50)" in said(0.004, 0.0005, buy_and_hold=0.5)
    assert "the side of the moving average (p 1.00)" in said(0.004, 0.0005, moving_average=1.0)


def test_a_single_fold_is_not_praised_for_consistency_and_a_return_has_directions() -> None:
    single = replace(REPORT, consistency=float("nan"), task="regression")
    assert said(0.01, 0.2, single).startswith("GOOD by accuracy, but not better than always saying the commoner direct")


def test_what_is_unknown_is_neither_better_nor_not() -> None:
    few = BaselineComparison(against("naive", 0.01), against("majority", float("nan"), n_times=12))
    assert not few.is_significant()
    assert verdict_sentence(REPORT, few) == (
        "GOOD by accuracy and consistency; 12 decision times are too few to tell it from always saying the commoner class"
    )


def test_a_model_that_hardly_differs_from_a_baseline_is_not_told_from_it() -> None:
    alike = BaselineComparison(against("naive", 0.01), against("majority", float("nan"), n_differing=7))
    assert not alike.is_significant()
    assert verdict_sentence(REPORT, alike) == (
        "GOOD by accuracy and consistency; the two differ at 7 of 300 decision times, too few to tell it from "
        "always saying the commoner class"
    )
