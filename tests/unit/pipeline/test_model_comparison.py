"""Two versions are compared on the decisions they share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fakes.judged_versions import DAYS, TARGET, JudgedVersions, said, table

from trimtab.errors import ConfigurationError, NotFoundError
from trimtab.pipeline.model_comparison import compare_models, outcome_sentence
from trimtab.pipeline.walk_forward_forecasts import recipe_table
from trimtab.validation.forecast_comparison import ComparedMeasure


@pytest.fixture
def world(tmp_path: Path) -> JudgedVersions:
    return JudgedVersions(tmp_path)


def test_the_better_version_is_named_and_what_differs_is_listed(world: JudgedVersions) -> None:
    poor, good = world.add(table(said(0.05, 1))), world.add(table(said(0.3, 2)))
    found = compare_models(world.workspace, poor, good, "mine")
    assert found.outcome.startswith(f"mine@{good} is better by accuracy (adjusted p ")
    assert found.outcome.endswith("over 300 shared decision times.")
    accuracy = found.measures[0]
    shares = [((value > 0.5) == TARGET).mean() for value in (said(0.05, 1), said(0.3, 2))]
    assert (accuracy.first, accuracy.second) == pytest.approx(tuple(shares))
    assert (found.n_decisions, found.n_times, found.start, found.end) == (600, 300, DAYS[0], DAYS[-1])
    assert found.changed == {"hyper_parameters.l2": (0.0, 1.0)}
    assert (found.features_added, found.features_removed, found.is_same_data) == (("own_1",), ("own_0",), True)


def test_versions_of_equal_skill_are_not_told_apart(world: JudgedVersions) -> None:
    names = world.add(table(said(0.1, 1))), world.add(table(said(0.1, 2)))
    found = compare_models(world.workspace, *names)  # there is one strategy only, so it need not be named
    assert found.outcome.startswith("Not told apart: over 300 shared decision times no measure differs by more than")


def test_only_shared_decisions_count_and_they_are_joined_whatever_their_order(world: JudgedVersions) -> None:
    first, second = said(0.1, 1), said(0.1, 2)
    shuffled = table(second, slice(100, 300)).take(np.random.default_rng(0).permutation(400))
    found = compare_models(world.workspace, world.add(table(first, slice(0, 250))), world.add(shuffled))
    assert (found.n_decisions, found.n_times, found.start) == (300, 150, DAYS[100])
    expected = ((second[100:250] > 0.5) == TARGET[100:250]).mean()
    assert found.measures[0].second == pytest.approx(expected)


def test_decisions_with_another_outcome_are_left_out_and_counted(world: JudgedVersions) -> None:
    restated = TARGET.copy()
    restated[:3] = 1.0 - restated[:3]
    names = world.add(table(said(0.1, 1))), world.add(table(said(0.1, 2), target=restated))
    found = compare_models(world.workspace, *names)
    assert (found.n_decisions, found.n_other_outcome) == (594, 6)


def test_the_same_forecasts_are_called_the_same(world: JudgedVersions) -> None:
    names = world.add(table(said(0.1, 1))), world.add(table(said(0.1, 1)))
    assert "say the same at all 300 shared decision times" in compare_models(world.workspace, *names).outcome


def test_two_versions_of_one_recipe_and_cuts_cannot_be_told_apart_by_one_table(world: JudgedVersions) -> None:
    first = world.add(table(said(0.1, 1)))
    same = world.add(None, recipe="0" * 64)  # trained again by other code: the recipe is the first one's
    assert "have one recipe and one way of cutting time" in compare_models(world.workspace, first, same).outcome


def test_one_recipe_judged_by_other_cuts_has_forecasts_of_its_own(world: JudgedVersions) -> None:
    first, other = world.add(table(said(0.1, 1))), world.add(None, recipe="0" * 64, cuts="other")
    with pytest.raises(NotFoundError, match="has no forecasts in this lake any more"):
        compare_models(world.workspace, first, other)
    world.workspace.lake.tables.write(recipe_table("mine", "0" * 64, "other"), table(said(0.4, 2)))
    assert compare_models(world.workspace, first, other).outcome.startswith(f"mine@{other} is better")


def test_few_decisions_are_too_few_for_a_test(world: JudgedVersions) -> None:
    names = world.add(table(said(0.1, 1), slice(0, 12))), world.add(table(said(0.9, 2)))
    found = compare_models(world.workspace, *names)
    assert found.outcome == "Not told apart: 12 shared decision times are too few for a test, which needs 20."


def test_versions_of_two_strategies_with_one_label_can_be_compared(world: JudgedVersions) -> None:
    first, second = world.add(table(said(0.1, 1))), world.add(table(said(0.1, 2)), strategy="other")
    assert compare_models(world.workspace, f"mine@{first}", f"other@{second}").second == f"other@{second}"
    with pytest.raises(ConfigurationError, match=r"does not say of which strategy; .*with models: mine, other"):
        compare_models(world.workspace, first, second)


@pytest.mark.parametrize(
    "label", [{"kind": "volatility_regime", "horizons": [1]}, {"kind": "direction", "horizons": [5]}]
)
def test_versions_that_forecast_different_things_are_refused(world: JudgedVersions, label: dict) -> None:
    names = world.add(table(said(0.1, 1))), world.add(table(said(0.1, 2)), label=label)
    with pytest.raises(ConfigurationError, match="forecast different things"):
        compare_models(world.workspace, *names)


def test_a_version_beside_itself_is_told_to_be_the_same_and_differs_in_nothing(world: JudgedVersions) -> None:
    version = world.add(table(said(0.1, 1)))
    found = compare_models(world.workspace, version, "latest")
    assert found.outcome.startswith(f"Nothing to tell apart: both are {found.first}, the same version")
    assert found.first == found.second and found.is_same_data and not found.changed
    assert {each.difference for each in found.measures} == {0.0}
    assert {each.winner for each in found.measures} == {None}


def test_versions_that_share_no_decision_are_not_compared(world: JudgedVersions) -> None:
    first = world.add(table(said(0.1, 1), slice(0, 100)))
    second = world.add(table(said(0.1, 2), slice(100, 200)))
    with pytest.raises(ConfigurationError, match="share no decision"):
        compare_models(world.workspace, first, second)


def test_without_forecasts_one_sentence_says_what_to_do(world: JudgedVersions) -> None:
    judged, gone, never = world.add(table(said(0.1, 1))), world.add(None), world.add(None, recipe=None)
    with pytest.raises(NotFoundError, match="has no forecasts in this lake any more"):
        compare_models(world.workspace, judged, gone)
    with pytest.raises(NotFoundError, match="was not judged since forecasts are kept"):
        compare_models(world.workspace, judged, never)
    with pytest.raises(NotFoundError, match=r"has no version '9\.9\.9'"):
        compare_models(world.workspace, judged, "9.9.9")


def measure(name: str, difference: float, p_value: float) -> ComparedMeasure:
    return ComparedMeasure(name, "higher", 0.5, 0.5 + difference, difference, 0.0, 0.0, 0.0, p_value, 0.0, 0.0, 1.0)


def test_measures_that_disagree_are_all_told() -> None:
    measures = (measure("accuracy", 0.1, 0.01), measure("f1", -0.1, 0.0321), measure("recall", 0.1, 0.5))
    assert outcome_sentence(["a@1", "b@1"], measures, 1500) == (
        "a@1 is better by f1 (adjusted p 0.032) and b@1 is better by accuracy (adjusted p 0.01); "
        "not told apart by recall; over 1,500 shared decision times."
    )
