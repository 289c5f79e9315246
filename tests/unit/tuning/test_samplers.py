from __future__ import annotations

import sys

import optuna
import pytest

from trimtab.errors import MissingExtraError, UnknownNameError
from trimtab.models.families import search_space
from trimtab.models.space import Dimension, SearchSpace
from trimtab.tuning.samplers import check_sampler, grid, next_sampler
from trimtab.tuning.storage import quiet_optuna

SPACE = SearchSpace(
    (
        Dimension("rate", "float", 0.01, 1.0, True, 0.1),
        Dimension("depth", "int", 2, 3, False, 2),
        Dimension("l2", "float", 0, 1, False, 0.3),
    )
)


def test_a_grid_widens_the_most_telling_dimension_first() -> None:
    assert grid(SPACE, 1) == [{"rate": 0.1, "depth": 2, "l2": 0.3}]
    assert [point["rate"] for point in grid(SPACE, 2)] == [0.01, 1.0]
    assert len(grid(SPACE, 8)) == 8
    twelve = grid(SPACE, 12)
    assert sorted({point["rate"] for point in twelve}) == [0.01, 0.1, 1.0]
    assert {point["depth"] for point in twelve} == {2, 3}


@pytest.mark.parametrize("n_trials", [1, 5, 20, 100])
def test_a_grid_has_distinct_points_and_never_more_than_asked_for(n_trials: int) -> None:
    points = grid(search_space("lightgbm"), n_trials)
    assert len({tuple(point.items()) for point in points}) == len(points) <= n_trials


def test_an_int_gets_no_more_values_than_it_has() -> None:
    assert len(grid(SearchSpace((Dimension("depth", "int", 2, 4, False, 3),)), 50)) == 3


def sampled(name: str, seed: int, n_finished: int) -> float:
    with quiet_optuna():
        study = optuna.create_study(sampler=next_sampler(name, SPACE, 20, seed, n_finished))
    return study.ask().suggest_float("rate", 0.01, 1.0, log=True)


def test_the_next_point_depends_on_seed_and_finished_trials_only() -> None:
    assert sampled("random", 1, 5) == sampled("random", 1, 5)
    assert len({sampled("random", s, n) for s in (1, 2) for n in (1, 2)}) == 4


@pytest.mark.parametrize("name", ["tpe", "random", "gp"])
def test_the_first_point_is_the_familys_defaults(name: str) -> None:
    assert sampled(name, 3, 0) == 0.1


def proposed(x: list[float]) -> float:
    """Where the Gaussian process looks after the parabola around 0.8 was seen at some points."""
    with quiet_optuna():
        study = optuna.create_study()
        distribution = {"rate": optuna.distributions.FloatDistribution(0.0, 1.0)}
        for each in x:
            study.add_trial(
                optuna.trial.create_trial(params={"rate": each}, distributions=distribution, value=(each - 0.8) ** 2)
            )
        study.sampler = next_sampler("gp", SPACE, 30, seed=5, number=len(x))
        return study.ask(distribution).params["rate"]


def test_the_gaussian_process_looks_where_a_smooth_function_is_low() -> None:
    seen = [i / 9 for i in range(10)]
    assert abs(proposed(seen) - 0.8) < 0.02
    assert proposed(seen) == proposed(seen)


def test_samplers_that_cannot_be_used_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'tpe'"):
        check_sampler("tp")
    monkeypatch.setitem(sys.modules, "torch", None)  # as where it is not installed
    with pytest.raises(MissingExtraError, match=r"needs torch, .*\[networks\]"):
        check_sampler("gp")
