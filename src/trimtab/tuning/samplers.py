"""Where the next trial is looked for, as a function of the seed and the trials finished so far.

A sampler is made anew before every trial from (seed, number of the trial), so that a study that was
killed goes on exactly as if it had not been.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal

import numpy as np
import optuna

from trimtab.errors import UnknownNameError, extra
from trimtab.models.space import SearchSpace

SamplerName = Literal["grid", "random", "tpe", "gp"]
SAMPLERS = ("grid", "random", "tpe", "gp")
# Random trials before the models of TPE and GP say something; a short study must not spend itself on them.
N_STARTUP_TRIALS = 8


def check_sampler(name: str) -> None:
    """Raise for a sampler there is not, or whose library is not there."""
    if name not in SAMPLERS:
        raise UnknownNameError("sampler", name, SAMPLERS)
    if name == "gp":
        with extra("networks"):  # its Gaussian process is written in PyTorch
            import_module("torch")


def next_sampler(
    name: str, space: SearchSpace, n_trials: int, seed: int, number: int, side_by_side: bool = False
) -> optuna.samplers.BaseSampler:
    """The sampler of trial `number`; with `side_by_side` it keeps away from the trials that are running.

    The first trial of `random`, `tpe` and `gp` is the family's defaults, so that a study never ends
    with less than they give.
    """
    derived = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    random = optuna.samplers.RandomSampler(seed=derived)
    if name == "grid":
        return _fixed(grid(space, n_trials)[number], random)
    if number == 0:
        return _fixed({dimension.name: dimension.start for dimension in space.dimensions}, random)
    if name == "random":
        return random
    if name == "gp":
        return optuna.samplers.GPSampler(seed=derived, n_startup_trials=N_STARTUP_TRIALS, independent_sampler=random)
    return optuna.samplers.TPESampler(
        seed=derived, n_startup_trials=N_STARTUP_TRIALS, multivariate=True, constant_liar=side_by_side
    )


def grid(space: SearchSpace, n_trials: int) -> list[dict[str, Any]]:
    """At most `n_trials` points: every combination of evenly spaced values of every dimension.

    A dimension starts with one value, its default; from the most telling dimension on, each gets
    one value more as long as the product does not exceed `n_trials`.
    """
    counts = _grid_counts(space, n_trials)
    values = [dimension.points(n) for dimension, n in zip(space.dimensions, counts, strict=True)]
    return [dict(zip(space.names, point, strict=True)) for point in itertools.product(*values)]


def _grid_counts(space: SearchSpace, n_trials: int) -> list[int]:
    counts = [1] * len(space.dimensions)
    grew = True
    while grew:
        grew = False
        for i, dimension in enumerate(space.dimensions):
            wider = [*counts[:i], counts[i] + 1, *counts[i + 1 :]]
            distinct = len(dimension.points(wider[i])) == wider[i]
            if distinct and int(np.prod(wider)) <= n_trials:
                counts, grew = wider, True
    return counts


def _fixed(point: Mapping[str, Any], base: optuna.samplers.BaseSampler) -> optuna.samplers.BaseSampler:
    return optuna.samplers.PartialFixedSampler(dict(point), base)
