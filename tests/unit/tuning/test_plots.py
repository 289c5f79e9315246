from __future__ import annotations

import math

import pytest

from trimtab.models.space import Dimension, SearchSpace
from trimtab.tuning.choice import TrialRecord, choose
from trimtab.tuning.objectives import OBJECTIVES
from trimtab.tuning.plots import plots_of
from trimtab.tuning.study import StudyResult

PNG = b"\x89PNG\r\n\x1a\n"
SPACE = SearchSpace(
    (
        Dimension("rate", "float", 0.01, 1.0, True, 0.1),
        Dimension("depth", "int", 2, 6, False, 4),
        Dimension("l2", "float", 0.0, 1.0, False, 0.1),
        Dimension("l1", "float", 0.0, 1.0, False, 0.1),
    )
)


def result(objectives: tuple[str, ...], space: SearchSpace = SPACE) -> StudyResult:
    point = {"rate": 0.1, "depth": 3, "l2": 0.5, "l1": 0.5}
    values = [(0.5, 100.0), (0.6, 200.0), (0.55, 50.0)]
    trials = [
        TrialRecord(i, point, v[: len(objectives)], tuple((x, x) for x in v[: len(objectives)]), pruned=i == 2)
        for i, v in enumerate(values)
    ]
    choice = choose(trials, [OBJECTIVES[name] for name in objectives])
    return StudyResult(point, 0.6, choice.chosen, objectives, tuple(trials), choice.front, choice.reasons, space)


@pytest.mark.parametrize(
    ("given", "titles"),
    [
        (result(("accuracy",)), ["Trials", "Parameters"]),
        (result(("accuracy", "complexity")), ["Trials", "Pareto front", "Parameters"]),
        (result(("accuracy",), SearchSpace()), ["Trials"]),
        (StudyResult({}, math.nan, None, ("accuracy",), (), (), {}, SPACE), []),
    ],
    ids=["one objective", "two objectives", "nothing searched", "no trials"],
)
def test_a_study_is_shown_by_the_pictures_that_say_something_about_it(given: StudyResult, titles: list[str]) -> None:
    plots = plots_of(given)
    assert list(plots) == titles
    assert all(content.startswith(PNG) for content in plots.values())
    assert plots == plots_of(given)
