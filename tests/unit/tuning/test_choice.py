from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trimtab.tuning.choice import TrialRecord, choose, choose_trial, pareto_front
from trimtab.tuning.objectives import OBJECTIVES

SKILL, LOSS, SIZE = (OBJECTIVES[name] for name in ("accuracy", "log_loss", "complexity"))


def trials(*rows: tuple[float, ...], spread: float = 0.0) -> list[TrialRecord]:
    return [
        TrialRecord(i, {}, values, tuple((v - spread, v, v + spread) for v in values)) for i, values in enumerate(rows)
    ]


def test_one_objective_takes_the_best_and_the_earlier_on_a_tie() -> None:
    assert choose_trial(trials((0.5,), (0.7,), (0.7,)), [SKILL]) == 1
    assert choose_trial(trials((0.5,), (0.3,), (0.3,)), [LOSS]) == 1


def test_of_trials_as_good_as_the_best_the_simplest_wins() -> None:
    rows = ((0.70, 900.0), (0.695, 200.0), (0.60, 50.0))
    # Three folds at ±0.02: standard error 0.0115.
    assert choose_trial(trials(*rows, spread=0.02), [SKILL, SIZE]) == 1


def test_a_real_difference_in_skill_beats_simplicity() -> None:
    rows = ((0.70, 900.0), (0.695, 200.0), (0.60, 50.0))
    assert choose_trial(trials(*rows, spread=0.001), [SKILL, SIZE]) == 0


def test_the_front_holds_what_nothing_else_beats() -> None:
    rows = trials((0.7, 900.0), (0.6, 900.0), (0.6, 100.0), (0.5, 500.0))
    assert choose(rows, [SKILL, SIZE]).front == (0, 2)


def test_every_trial_is_given_the_reason_it_won_or_did_not() -> None:
    rows = trials((0.700, 900.0), (0.695, 200.0), (0.60, 50.0), (0.60, 950.0), spread=0.02)
    choice = choose(rows, [SKILL, SIZE])
    assert choice.chosen == 1
    assert choice.reasons == {
        0: "no better in accuracy than its error tells, and trial 1 leads in complexity",
        1: "within one standard error of the best accuracy, and of those the best complexity",
        2: "more than one standard error from the best accuracy",
        3: "beaten by trial 0",
    }
    alone = choose(trials((0.5,), (0.7,), (0.7,)), [SKILL])
    assert alone.reasons == {0: "is behind trial 1", 1: "best accuracy", 2: "equals trial 1"}


def one_fold(*rows: tuple[float, ...]) -> list[TrialRecord]:
    return [TrialRecord(i, {}, values, tuple((v,) for v in values)) for i, values in enumerate(rows)]


def test_a_single_fold_has_no_standard_error_and_no_reason_speaks_of_one() -> None:
    choice = choose(one_fold((0.70, 900.0), (0.695, 200.0), (0.70, 950.0)), [SKILL, SIZE])
    assert choice.chosen == 0
    assert choice.reasons == {0: "best accuracy", 1: "is behind trial 0 in accuracy", 2: "beaten by trial 0"}
    tied = choose(one_fold((0.7, 0.3, 900.0), (0.7, 0.3, 900.0), (0.7, 0.4, 200.0)), [SKILL, LOSS, SIZE])
    assert tied.reasons == {
        0: "best accuracy",
        1: "equals trial 0",
        2: "no better in accuracy, and trial 0 leads in log_loss",
    }


def test_a_per_cent_more_bytes_is_no_bigger_model() -> None:
    rows = trials((0.70, 9377.0), (0.695, 9254.0), (0.60, 9200.0), spread=0.02)
    choice = choose(rows, [SKILL, SIZE])
    assert (choice.chosen, choice.front) == (0, (0,))
    assert choice.reasons[1] == "beaten by trial 0"
    assert choose_trial(trials((0.70, 9700.0), (0.695, 9254.0), spread=0.02), [SKILL, SIZE]) == 1


def test_sizes_are_grouped_from_the_smallest_whatever_the_order_of_the_trials() -> None:
    sizes = (1030.0, 1000.0, 1015.0)  # 1030 is as big as 1015, but not as the first of its group
    for order in permutations(range(3)):
        rows = trials(*((0.7, sizes[i]) for i in order))
        assert {sizes[order[i]] for i in choose(rows, [SKILL, SIZE]).front} == {1000.0, 1015.0}


def test_a_pruned_trial_never_wins_however_good_its_first_folds_were() -> None:
    rows = [*trials((0.6, 300.0), (0.5, 200.0)), TrialRecord(2, {}, (0.9, 1.0), ((0.9,), (1.0,)), pruned=True)]
    choice = choose(rows, [SKILL, SIZE])
    assert (choice.chosen, choice.front) == (0, (0, 1))
    assert choice.reasons[2] == "pruned after fold 1"
    assert choose(rows[2:], [SKILL, SIZE]).chosen is None


@given(arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.integers(0, 4).map(float)))
def test_the_front_equals_its_definition(losses: np.ndarray) -> None:
    def beats(a: np.ndarray, b: np.ndarray) -> bool:
        return bool(all(a <= b) and any(a < b))

    expected = [i for i, row in enumerate(losses) if not any(beats(other, row) for other in losses)]
    assert pareto_front(losses) == expected
