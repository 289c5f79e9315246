"""How often the canaries of a model's certificate are wrong, and what they catch: a part of docs/calibration.md.

`python -m benchmarks.calibration_canaries` prints the section. Procedures are honest or leak on purpose, samples are
noise, and the canaries are those that run in production. Seeded; about a minute and a half of one core.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy.stats import binom

from benchmarks.leaking_procedures import (
    N_INSTRUMENTS,
    chooses_features_on_all_rows,
    encodes_targets_on_all_rows,
    honest,
    moves_rows_by_class,
    nearest_in_time,
    panel,
    shuffled_fold,
    turns_by_the_test,
    with_sticky_features,
)
from benchmarks.tables import percent, table
from trimtab.monitoring.model_canaries import (
    ALARM,
    N_PERMUTATIONS,
    N_SHIFTS,
    SHIFT_ALARM,
    CanaryResult,
    Procedure,
    interval_audit,
    label_permutation,
    time_shift,
)
from trimtab.validation.splitters import WalkForward

N_PANELS, N_LEAKING = 1_000, 50
N_TIMES, N_FEATURES = 500, 4  # of a panel without a leak
LEAKING_TIMES, LEAKING_FEATURES = 1_000, 60
MANY = 12  # permutations: what a person may ask for beyond the pipeline's
N_FOLDS = 2  # the last ones, as in the pipeline
STICKINESS = {"independent": 0.0, "AR(1), φ = 0.9": 0.9, "AR(1), φ = 0.98": 0.98}
LEAKS: dict[str, Procedure] = {
    "none (false alarms)": honest,
    "three features chosen on all rows": chooses_features_on_all_rows,
    "target encoding on all rows": encodes_targets_on_all_rows,
    "rows moved by the mean of their class": moves_rows_by_class,
    "forecasts turned round if that suits the test": turns_by_the_test,
}


def sections() -> list[str]:
    """The section of docs/calibration.md about canaries, as Markdown."""
    return [f"## Canaries\n\n{_intro()}", _false_alarms(), _power(), _wrong_cut()]


def _intro() -> str:
    return (
        "The [certificate of a model](model_certificate.md) runs its recipe on labels it cannot know. Here the recipe is a "
        f"ridge regression, honest or leaking on purpose, on noise: {N_INSTRUMENTS} instruments that move together and "
        f"features unrelated to the labels. Judged are the last {N_FOLDS} folds of the standard walk-forward, with "
        f"{N_PERMUTATIONS} permutations and {N_SHIFTS} shifts as in the pipeline. An alarm is a p-value of at most {ALARM:g}, of the time shift of at most {SHIFT_ALARM:g}."
    )


def _false_alarms() -> str:
    rows = []
    for name, stickiness in STICKINESS.items():
        permuted, moved = zip(*(_honest(stickiness, seed) for seed in range(N_PANELS)), strict=True)
        rows.append([name, percent(_alarms(permuted)), percent(_alarms(moved))])
    low, high = binom.ppf([0.025, 0.975], N_PANELS, ALARM) / N_PANELS
    text = (
        f"An honest recipe, {N_PANELS:,} panels of {N_TIMES} days per row. Features wander as slowly as the labels do. "
        f"A chance of {percent(ALARM)} gives {percent(low)} to {percent(high)} in 95 of 100 such counts."
    )
    return f"### False alarms: nothing leaks\n\n{text}\n\n{table(['labels', 'label permutation', 'time shift'], rows)}"


def _honest(stickiness: float, seed: int) -> tuple[CanaryResult, CanaryResult]:
    samples = with_sticky_features(panel(N_TIMES, N_FEATURES, stickiness, seed), stickiness, 10_000 + N_FEATURES * seed)
    folds = WalkForward().split(samples)[-N_FOLDS:]
    return label_permutation(samples, folds, honest, seed=seed), time_shift(samples, folds, honest, seed=seed)


def _power() -> str:
    rows = [
        [name, *(percent(_alarms(_on_panels(_permutation(procedure, n)))) for n in (N_PERMUTATIONS, MANY))]
        for name, procedure in LEAKS.items()
    ]
    header = ["leak", f"{N_PERMUTATIONS} permutations (as in the pipeline)", f"{MANY} permutations"]
    text = (
        f"Share of {N_LEAKING} panels of {LEAKING_TIMES:,} days and {LEAKING_FEATURES} features in which the label "
        "permutation raised the alarm."
    )
    return f"### Power: the recipe looks at the labels of the test\n\n{text}\n\n{table(header, rows)}"


def _permutation(procedure: Procedure, n: int) -> Callable[[int], CanaryResult]:
    def judged(seed: int) -> CanaryResult:
        samples = panel(LEAKING_TIMES, LEAKING_FEATURES, 0.0, seed)
        folds = WalkForward().split(samples)[-N_FOLDS:]
        return label_permutation(samples, folds, procedure, seed=seed, n_permutations=n)

    return judged


def _wrong_cut() -> str:
    found = [_shuffled(seed) for seed in range(N_LEAKING)]
    names = ("label permutation", "time shift", "interval audit")
    rows = [[name, percent(_alarms(each))] for name, each in zip(names, zip(*found, strict=True), strict=True)]
    text = (
        "Test rows drawn at random among sticky labels (φ = 0.98), and the label of the nearest row said: the recipe is "
        "honest, the cut is not. A permutation destroys what it lives on; the shift and the audit are there for it."
    )
    return f"### Power: a wrong cut\n\n{text}\n\n{table(['canary', 'caught'], rows)}"


def _shuffled(seed: int) -> tuple[CanaryResult, ...]:
    samples = panel(LEAKING_TIMES, N_FEATURES, 0.98, seed)
    folds = [shuffled_fold(samples, seed)]
    return (
        label_permutation(samples, folds, nearest_in_time, seed=seed),
        time_shift(samples, folds, nearest_in_time, seed=seed),
        interval_audit(samples, folds),
    )


def _on_panels(judged: Callable[[int], CanaryResult]) -> list[CanaryResult]:
    return [judged(seed) for seed in range(N_LEAKING)]


def _alarms(found: Iterable[CanaryResult]) -> float:
    """Share of all panels; one that could not be checked raised no alarm."""
    return float(np.mean([each.passed is False for each in found]))


if __name__ == "__main__":
    print("\n\n".join(sections()))
