from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trimtab.tuning.choice import TrialRecord, choose_trial, front_of, pareto_front
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
    assert front_of(rows, [SKILL, SIZE]) == (0, 2)


@given(arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.integers(0, 4).map(float)))
def test_the_front_equals_its_definition(losses: np.ndarray) -> None:
    def beats(a: np.ndarray, b: np.ndarray) -> bool:
        return bool(all(a <= b) and any(a < b))

    expected = [i for i, row in enumerate(losses) if not any(beats(other, row) for other in losses)]
    assert pareto_front(losses) == expected
