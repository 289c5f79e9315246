"""Does the whole way from samples to forecasts know what it may not? Canaries for one model's recipe.

`monitoring.leaks` and `features.leaks` certify what goes into a model. Here the procedure itself is asked, from
the whole dataset and a fold to forecasts of the test rows: whatever in it looks at a test label (scaling, selection,
encoding, calibration, early stopping, a wrong cut) must show itself.

| canary | what is done | an honest procedure |
|---|---|---|
| label permutation | the labels of all rows change places, cross-sections kept together | has no skill |
| planted future | the same, and a feature that holds the label and noise is added | has skill, or the test sees nothing |
| time shift | labels move far along time within each instrument | has no more skill than dependence in time gives |
| interval audit | label intervals of training and test are compared | no training label reaches into the test |

**How skill is judged.** Skill is the information coefficient of forecast and label on the test rows, averaged over
all runs. After a permutation it is compared with what the same forecasts reach when the test labels change places
once more, 999 times: each such order was as likely as the true one, so an honest procedure raises a false alarm in
1 of 100 certificates, whatever its model and however dependent its labels (Hemerik & Goeman 2018, Exact testing with
random permutations; exact for one run, measured for several in docs/calibration.md). After time shifts nothing
may change places, because labels keep their dependence; there the skills of the shifts are compared with zero by
Student's t, one observation per shift. Dependence widens their spread, and the limit with it; slow states of a market
leave a little skill all the same, so the nominal level is 1 in 400, which keeps false alarms below 1 in 100 even there.

What none of these sees: a feature or label that itself knows the future (that is what the dataset's
certificate is for), a choice made by a person who has seen the test, and a search whose result is handed in as fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from trimtab.datasets import Dataset
from trimtab.models.parallel import side_by_side
from trimtab.monitoring.leaks import audit_folds
from trimtab.monitoring.moved_labels import (
    exchangeable,
    lengths,
    permuted,
    reordered_products,
    shifted,
    with_labels_of,
    with_planted,
    within,
)
from trimtab.validation.folds import Fold

Procedure = Callable[[Dataset, Fold], np.ndarray]
"""From the whole dataset and a fold to a forecast of each test row, shape (m,)."""

Pooled = tuple[float, float, float, float]  # skill, the 1 % and 99 % points of luck, p-value
ALARM = 0.01  # false alarms of one canary about an honest procedure
N_ORDERS = 999  # of the test labels, that the skill is compared with
N_PERMUTATIONS, N_SHIFTS, N_PLANTED = 3, 5, 1
SHIFT_ALARM = 0.0025  # stricter than `ALARM`: shifts of the same labels are not quite independent observations
MIN_SHIFTS = 3
MOST_MEMORY = 126  # bars; a shift need not be longer: see `time_shift`
LEAST_HISTORY = 250  # labels of an instrument; of fewer, sticky states of a market raise too many false alarms
NAMED = 5  # instruments named in a sentence
PLANTED_CORRELATION = 0.5  # of the planted feature with the label
PLANTED = "planted_future"
TIE = 1e-12  # rounding must not decide which of two equal skills is larger


@dataclass(frozen=True)
class CanaryResult:
    """What one canary found.

    Attributes
    ----------
    name, kind: which, and what an honest procedure must do: "must_vanish", "must_appear" or "audit".
    what: what was done, one sentence.
    n: forecasts judged, over all runs; for the audit, training rows.
    skill: mean information coefficient over the runs; NaN for the audit, and where it could not be checked.
    low, high: between these lies the skill of a procedure that knows nothing, in 98 of 100 cases (time shift: by its own level, `SHIFT_ALARM`); at `high` or above
        is an alarm.
    p_value: one-sided, of "no skill".
    passed: None where it could not be checked.
    sentence: the outcome for a person.
    applies: False where it can say nothing about such samples; then nobody waits for it.
    """

    name: str
    kind: Literal["must_vanish", "must_appear", "audit"]
    what: str
    n: int
    skill: float
    low: float
    high: float
    p_value: float
    passed: bool | None
    sentence: str
    applies: bool = True


@dataclass(frozen=True)
class Run:
    """One training on moved labels, judged.

    Attributes
    ----------
    n: test rows forecast.
    skill: information coefficient of forecast and label; NaN where either does not vary.
    luck: the same with the labels in other orders, shape (N_ORDERS,).
    """

    n: int
    skill: float
    luck: np.ndarray


def label_permutation(
    dataset: Dataset,
    folds: Sequence[Fold],
    procedure: Procedure,
    *,
    seed: int,
    n_permutations: int = N_PERMUTATIONS,
    n_threads: int = 1,
) -> CanaryResult:
    """Labels of all rows change places before anything is fitted: skill must vanish."""
    run = _on_permuted(dataset, procedure, seed)
    runs = side_by_side(run, _each(n_permutations, folds), n_threads)
    return must_vanish("label permutation", "labels changed places before anything was fitted", runs)


def planted_future(
    dataset: Dataset,
    folds: Sequence[Fold],
    procedure: Procedure,
    *,
    seed: int,
    n_planted: int = N_PLANTED,
    n_threads: int = 1,
) -> CanaryResult:
    """As `label_permutation`, with a feature made of the label and noise: skill must appear, or a leak would not."""
    run = _on_permuted(dataset, procedure, seed, plant=True)
    runs = side_by_side(run, _each(n_planted, folds), n_threads)
    what = f"labels changed places, and a feature correlated {PLANTED_CORRELATION:g} with them was added"
    return must_appear("planted future", what, runs)


def time_shift(
    dataset: Dataset,
    folds: Sequence[Fold],
    procedure: Procedure,
    *,
    seed: int,
    memory: int = 1,
    n_shifts: int = N_SHIFTS,
    n_threads: int = 1,
) -> CanaryResult:
    """Labels move by large parts of the history within each instrument, around its end: skill must vanish.

    `memory` is how many bars features and labels look back and ahead together. No shift is smaller than that, or than
    126 bars or a quarter of the shortest history moved where that is less: in a long window a single label weighs
    little, and shifts that crowd the middle of a history all say the same, which is what raises false alarms
    (measured in docs/model_certificate.md). Nor is any smaller than a tenth of that history.

    Only instruments with 250 labels are moved and judged. The others are trained on as they are, and named. Where none
    is left the canary does not apply; with fewer than three shifts that leave labels of both kinds it is not checked.
    """
    name, what = "time shift", "labels would be moved along time"
    n_labels = lengths(dataset)
    moved = np.flatnonzero(n_labels >= LEAST_HISTORY)
    judged = [np.isin(dataset.instrument[fold.test], moved) for fold in folds]
    if not any(rows.any() for rows in judged):
        return _not_applicable(
            name, what, f"no instrument of the test has the {LEAST_HISTORY} samples that moving labels takes"
        )
    shortest = int(n_labels[moved].min())
    least = max(min(memory, MOST_MEMORY, shortest // 4), shortest // 10)
    by_bars = [int(bars) for bars in np.linspace(least, shortest - least, n_shifts)]

    def run(one: tuple[int, int]) -> Run:
        number, which = one
        fold, rows = folds[which], judged[which]
        changed = with_labels_of(dataset, shifted(dataset, by_bars[number], moved))
        return _judged(procedure(changed, fold)[rows], changed.target[fold.test][rows])

    each = [(number, which) for number in range(n_shifts) for which in range(len(folds)) if judged[which].any()]
    runs = side_by_side(run, each, n_threads)
    by_shift = [[found for (n, _), found in zip(each, runs, strict=True) if n == number] for number in range(n_shifts)]
    left_out = [dataset.instruments[code] for code in np.flatnonzero((n_labels > 0) & (n_labels < LEAST_HISTORY))]
    what = f"labels moved by {by_bars[0]} to {by_bars[-1]} bars within each instrument"
    found = _vanished(name, what, runs, _by_student(by_shift), SHIFT_ALARM)
    short = f"; left out, with fewer than {LEAST_HISTORY} samples: {_some(left_out)}" if left_out else ""
    return replace(found, sentence=found.sentence + short)


def interval_audit(dataset: Dataset, folds: Sequence[Fold]) -> CanaryResult:
    """No training label may be realised after the first test decision of its fold, in any fold."""
    leaking = audit_folds(dataset, folds)
    n, unknown = sum(len(fold.train) for fold in folds), float("nan")
    sentence = (
        f"training labels of {', '.join(leaking)} reach into the test: purge by label interval"
        if leaking
        else f"no training label of {len(folds)} folds reaches into its test"
    )
    what = "label intervals of training and test rows were compared"
    return CanaryResult("interval audit", "audit", what, n, unknown, unknown, unknown, unknown, not leaking, sentence)


def must_vanish(name: str, what: str, runs: Sequence[Run]) -> CanaryResult:
    """No skill may be left of runs with other orders to compare with; forecasts that never vary have none."""
    return _vanished(name, what, runs, _pool(runs))


def _vanished(name: str, what: str, runs: Sequence[Run], pooled: Pooled | None, alarm: float = ALARM) -> CanaryResult:
    if pooled is None:
        why = "forecasts or labels did not vary in too many runs"
        return _unchecked(name, "must_vanish", what, why)
    skill, _, high, p_value = pooled
    passed = p_value > alarm
    luck = f"luck explains up to {high:.3f}" if passed else f"luck explains no more than {high:.3f}"
    sentence = f"skill is {skill:.3f} where there can be none, and {luck}"
    return _result(name, "must_vanish", what, runs, pooled, passed, sentence)


def must_appear(name: str, what: str, runs: Sequence[Run]) -> CanaryResult:
    """Skill must be there: where it is not, the canaries that must vanish prove nothing about this model."""
    pooled = _pool(runs)
    if pooled is None:
        return _unchecked(name, "must_appear", what, "every forecast was the same, so no leak could be seen")
    skill, _, high, p_value = pooled
    passed = p_value <= ALARM
    sentence = (
        f"the planted leak was seen: skill {skill:.3f}, luck explains {high:.3f}"
        if passed
        else f"the planted leak was not seen: skill {skill:.3f}, luck explains {high:.3f}"
    )
    return _result(name, "must_appear", what, runs, pooled, passed, sentence)


def _each(n: int, folds: Sequence[Fold]) -> list[tuple[int, Fold]]:
    return [(number, fold) for number in range(n) for fold in folds]


def _on_permuted(
    dataset: Dataset, procedure: Procedure, seed: int, plant: bool = False
) -> Callable[[tuple[int, Fold]], Run]:
    """One run on labels that changed places, the numbered one; with the future planted where asked."""
    cells = exchangeable(dataset)

    def run(one: tuple[int, Fold]) -> Run:
        number, fold = one
        random = np.random.default_rng([seed, int(plant), number, int(fold.test[0])])
        changed = with_labels_of(dataset, permuted(cells, len(dataset), 1, random)[0])
        if plant:
            changed = with_planted(changed, _noisy(changed.target, random), PLANTED)
        orders = within(cells, fold.test)
        return _judged(procedure(changed, fold), changed.target[fold.test], orders, random)

    return run


def _judged(
    said: np.ndarray,
    label: np.ndarray,
    cells: list[np.ndarray] | None = None,
    random: np.random.Generator | None = None,
) -> Run:
    """With the luck of other orders where cells are given. An order keeps mean and spread: one scale serves all."""
    n_orders = 0 if cells is None else N_ORDERS
    if not len(said) or np.ptp(said) == 0.0 or np.ptp(label) == 0.0:
        return Run(len(said), float("nan"), np.full(n_orders, np.nan))
    centred, truth = said - said.mean(), label - label.mean()
    scaled = centred / np.sqrt((centred @ centred) * (truth @ truth))
    luck = np.empty(0)
    if cells is not None and random is not None:
        luck = reordered_products(cells, truth, scaled, n_orders, random)
    return Run(len(said), float(truth @ scaled), luck)


def _pool(runs: Sequence[Run]) -> Pooled | None:
    """Mean skill over the runs, the 1 % and 99 % points of what luck gives, and the p-value; None without skill."""
    spoken = [run for run in runs if not np.isnan(run.skill)]
    if not spoken:
        return None
    skill, luck = float(np.mean([run.skill for run in spoken])), np.mean([run.luck for run in spoken], axis=0)
    low, high = np.quantile(luck, [ALARM, 1.0 - ALARM])
    as_large = int((luck >= skill - TIE).sum())
    return skill, float(low), float(high), (1 + as_large) / (1 + len(luck))


def _by_student(by_shift: Sequence[Sequence[Run]]) -> Pooled | None:
    """As `_pool`, from the spread of the shifts: Student's t with one observation per shift."""
    from scipy.special import stdtr, stdtrit

    known = [[run.skill for run in runs if not np.isnan(run.skill)] for runs in by_shift]
    skills = np.array([np.mean(each) for each in known if each])
    if len(skills) < MIN_SHIFTS:
        return None
    mean, freedom = float(skills.mean()), len(skills) - 1
    error = float(skills.std(ddof=1) / np.sqrt(len(skills))) + TIE
    limit = float(stdtrit(freedom, 1.0 - SHIFT_ALARM)) * error
    return mean, -limit, limit, 1.0 - float(stdtr(freedom, mean / error))


def _noisy(label: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The label, scaled, and noise, so that their correlation is `PLANTED_CORRELATION`."""
    noise = np.sqrt(1.0 / PLANTED_CORRELATION**2 - 1.0)
    scaled: np.ndarray = (label - np.nanmean(label)) / (float(np.nanstd(label)) or 1.0)
    return scaled + noise * random.standard_normal(len(label))


def _unchecked(name: str, kind: Literal["must_vanish", "must_appear"], what: str, why: str) -> CanaryResult:
    unknown = float("nan")
    return CanaryResult(name, kind, what, 0, unknown, unknown, unknown, unknown, None, f"not checked: {why}")


def _not_applicable(name: str, what: str, why: str) -> CanaryResult:
    unchecked = _unchecked(name, "must_vanish", what, why)
    return replace(unchecked, applies=False, sentence=f"not applicable: {why}")


def _some(names: Sequence[str]) -> str:
    """A few of them by name, the others as a number."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _result(
    name: str,
    kind: Literal["must_vanish", "must_appear"],
    what: str,
    runs: Sequence[Run],
    pooled: Pooled,
    passed: bool,
    sentence: str,
) -> CanaryResult:
    n = sum(run.n for run in runs)
    return CanaryResult(name, kind, what, n, *pooled, passed, sentence)
