"""How often the significance tests and intervals are wrong: rows of docs/calibration.md.

`python -m benchmarks.calibration_tests` prints the sections. Series without an effect give the false-positive rate,
series with a known truth the coverage of the intervals, one effect size the power; always by the code that runs in
production. Seeded; one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
from scipy.signal import lfilter
from scipy.stats import binom, norm

from trimtab.validation.bootstrap import Method, block_bootstrap_mean
from trimtab.validation.diebold_mariano import diebold_mariano
from trimtab.validation.headline_intervals import forecast_intervals, return_intervals
from trimtab.validation.superior_ability import superior_ability

SEED = 11
LEVEL = 0.05
N_RESAMPLES = 299  # so that 0.05 is one of the p-values there are
REPETITIONS, COVERAGE_REPETITIONS, MODELS_REPETITIONS = 4_000, 2_000, 1_000
SIZES = (100, 500)
N_MODELS = 10
DIFFERING = (10, 20, 30, 60)  # decision times at which a model says something else than its baseline
EFFECT = 0.15  # mean in standard deviations of one observation
ACCURACY, CORRELATION, SHARPE = 0.55, 0.1, 1.0  # what the intervals should hold
_BURN_IN = 300

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def autoregressive(phi: float, random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Gaussian AR(1) with unit variance along the last axis."""
    shocks = random.standard_normal((*shape[:-1], shape[-1] + _BURN_IN)) * np.sqrt(1.0 - phi**2)
    return np.asarray(lfilter([1.0], [1.0, -phi], shocks, axis=-1)[..., _BURN_IN:])


def garch(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """GARCH(1,1) with α = 0.10, β = 0.88 and unit variance along the last axis."""
    shocks = random.standard_normal((*shape[:-1], shape[-1] + _BURN_IN))
    variance, found = np.ones(shape[:-1]), np.empty_like(shocks)
    for t in range(shocks.shape[-1]):
        found[..., t] = shocks[..., t] * np.sqrt(variance)
        variance = 0.02 + 0.10 * found[..., t] ** 2 + 0.88 * variance
    return found[..., _BURN_IN:]


NULLS: dict[str, Draw] = {
    "independent": partial(autoregressive, 0.0),
    "AR(1), φ = 0.5": partial(autoregressive, 0.5),
    "AR(1), φ = 0.9": partial(autoregressive, 0.9),
    "GARCH(1,1)": garch,
}


def _bootstrap(method: Method, series: np.ndarray, seed: int) -> float:
    return block_bootstrap_mean(series, seed=seed, method=method, n_resamples=N_RESAMPLES).p_value


def _diebold_mariano(small_sample: bool, n_lags: int | None, series: np.ndarray, _: int) -> float:
    return diebold_mariano(series, n_lags=n_lags, small_sample=small_sample).p_value


TESTS: dict[str, Callable[[np.ndarray, int], float]] = {
    "**studentised**": partial(_bootstrap, "studentised"),
    "circular": partial(_bootstrap, "circular"),
    "stationary": partial(_bootstrap, "stationary"),
    "**Diebold-Mariano**": partial(_diebold_mariano, True, None),
    "without small-sample correction": partial(_diebold_mariano, False, None),
    "without lags": partial(_diebold_mariano, True, 0),
}


def sections() -> list[str]:
    """The sections about significance, as Markdown."""
    return [_false_positives(), _few_differences(), _power(), _many_models(), _coverage(), _coverage_of_shares()]


def _false_positives() -> str:
    rows = [
        [name, str(n), *_rates(draw, n, 0.0)]
        for n in SIZES
        for name, draw in NULLS.items()
    ]  # fmt: skip
    return _section(
        "## Significance",
        "One-sided tests of a mean gain in time (model against baseline, paired). The gate reads the larger p-value of the "
        "studentised block bootstrap and Diebold-Mariano, with lags chosen by Newey-West and the small-sample correction of "
        "Harvey, Leybourne and Newbold.",
        "### False alarms: there is no gain",
        f"Share of p ≤ 0.05 in {REPETITIONS:,} series per row; an exact test gives {_band(REPETITIONS, LEVEL)}.",
        _table(["series", "observations", *TESTS], rows),
        "A short and sticky series (100 observations, φ = 0.9 has about 5 independent ones) raises too many alarms with "
        "every test. Read a p-value near the limit with care there.",
    )


def _few_differences() -> str:
    """A model that says the commoner class but at few decisions, and is right at half of those."""
    rows = []
    for n in (250, 1_000):
        for k in DIFFERING:
            alone, spells = (np.array(list(_p_values_of_few(n, k, width))) for width in (1, 5))
            rows.append([str(n), str(k), *(_share_of(p) for p in (*alone.T, *spells.T))])
    return _section(
        "### False alarms: a model that hardly differs from its baseline",
        "A model that nearly always says the commoner class differs from that baseline at few decision times. There it is "
        f"right in half of the cases. Share of p ≤ 0.05 in {COVERAGE_REPETITIONS:,} series per row; an exact test gives "
        f"{_band(COVERAGE_REPETITIONS, LEVEL)}. The gate reads the larger of the two p-values. With fewer than 20 differing "
        "times there is none (–), and it does not pass.",
        _table(
            [
                "observations",
                "differing",
                "studentised, scattered",
                "Diebold-Mariano, scattered",
                "**gate**, scattered",
                "studentised, in spells of 5",
                "Diebold-Mariano, in spells of 5",
                "**gate**, in spells of 5",
            ],
            rows,
        ),
    )


def _p_values_of_few(n: int, n_differing: int, width: int) -> Iterable[tuple[float, ...]]:
    """Bootstrap, Diebold-Mariano, the larger of both; differences of +1 and -1 at places drawn anew, alone or as neighbours."""
    for k in range(COVERAGE_REPETITIONS):
        random, gains = np.random.default_rng([SEED, 4, n, n_differing, k]), np.zeros(n)
        first = width * random.choice(n // width, n_differing // width, replace=False)
        at = (first[:, None] + np.arange(width)).ravel()
        gains[at] = random.choice([-1.0, 1.0], len(at))
        bootstrap, second = _bootstrap("studentised", gains, k), _diebold_mariano(True, None, gains, k)
        yield bootstrap, second, float(np.maximum(bootstrap, second))


def _share_of(p_values: np.ndarray) -> str:
    return "–" if np.isnan(p_values).all() else f"{(p_values <= LEVEL).mean():.1%}"


def _power() -> str:
    rows = [
        [name, str(n), *_rates(NULLS[name], n, EFFECT)] for n in SIZES for name in ("independent", "AR(1), φ = 0.5")
    ]
    best = ", ".join(f"{norm.sf(norm.isf(LEVEL) - EFFECT * np.sqrt(n)):.0%} of {n}" for n in SIZES)
    return _section(
        "### Power: a mean gain of 0.15 standard deviations",
        f"Share of p ≤ 0.05 in {REPETITIONS:,} series per row. With independent observations the best possible test "
        f"finds it in {best}. Where a test raises too many false alarms above, its power here is flattered.",
        _table(["series", "observations", *TESTS], rows),
    )


def _many_models() -> str:
    rows = []
    for gain in (0.0, EFFECT):
        for name, draw in NULLS.items():
            shares = (np.array(list(_p_values_of_many(draw, gain))) <= LEVEL).mean(axis=0)
            rows.append([name, "none" if not gain else f"one gains {gain}", *(f"{share:.1%}" for share in shares)])
    return _section(
        f"### The best of {N_MODELS} models",
        f"Is the best of {N_MODELS} models, chosen after the fact, better than the benchmark? {SIZES[1]} observations, "
        f"{MODELS_REPETITIONS:,} repetitions per row; an exact test gives {_band(MODELS_REPETITIONS, LEVEL)} where none is better. "
        "*The best one alone* is the studentised bootstrap of the luckiest model, as if it had been the only one.",
        _table(
            [
                "losses",
                "better models",
                "**studentised SPA**",
                "SPA",
                "SPA, lower",
                "SPA, upper",
                "reality check",
                "the best one alone",
            ],
            rows,
        ),
    )


def _coverage() -> str:
    rows = []
    for n in SIZES:
        for name, draw in NULLS.items():
            hits = np.mean([list(_holds_truth(draw, n, k)) for k in range(COVERAGE_REPETITIONS)], axis=0)
            rows.append([name, str(n), *(f"{share:.1%}" for share in hits)])
    return _section(
        "### Intervals: how often a 95 % interval holds the truth",
        f"{COVERAGE_REPETITIONS:,} repetitions per row; exact intervals hold it in {_band(COVERAGE_REPETITIONS, 0.95)}. "
        "The series is that of what decides: whether a forecast is right, forecast and outcome, the return.",
        _table(
            ["series", "decision times", "accuracy (55 %)", "information coefficient (0.1)", "Sharpe ratio (1.0)"], rows
        ),
    )


def _coverage_of_shares() -> str:
    rows = []
    for n, share in ((60, 0.95), (250, 0.90), (250, 0.95), (250, 0.99), (500, 0.99)):
        for name in ("independent", "AR(1), φ = 0.5", "AR(1), φ = 0.9"):
            held = np.mean([_holds_share(NULLS[name], n, share, k) for k in range(COVERAGE_REPETITIONS)])
            rows.append([name, str(n), f"{share:.0%}", f"{held:.1%}"])
    return _section(
        "### Intervals of shares near 1",
        f"Accuracy where nearly all is right; {COVERAGE_REPETITIONS:,} repetitions per row. With misses at fewer than 20 "
        "decision times the interval is Wilson's, at the number of cases that the dependence leaves; else the bootstrap's. "
        "Sticky series, where a handful of spells holds all misses, keep intervals that are too narrow.",
        _table(["series", "decision times", "accuracy", "held"], rows),
    )


def _holds_share(draw: Draw, n: int, share: float, k: int) -> bool:
    right = draw(np.random.default_rng([SEED, 5, n, k]), (n,)) < norm.ppf(share)
    said = np.where(right, 0.9, 0.1)
    (found,) = forecast_intervals(
        "classification", np.ones(n), said, np.arange(n), seed=k, measures=("accuracy",), n_resamples=N_RESAMPLES
    )
    return bool(found.low <= share <= found.high)


def _p_values_of_many(draw: Draw, gain: float) -> Iterable[tuple[float, ...]]:
    """Of each repetition: SPA studentised, consistent, lower, upper, reality check, and the luckiest model on its own."""
    n = SIZES[1]
    for k in range(MODELS_REPETITIONS):
        random = np.random.default_rng([SEED, 2, k])
        gains = draw(random, (N_MODELS, n)).T + np.r_[gain, np.zeros(N_MODELS - 1)]
        found = superior_ability(np.zeros(n), -gains, seed=k, n_resamples=N_RESAMPLES)
        alone = _bootstrap("studentised", gains[:, gains.mean(axis=0).argmax()], k)
        yield found.p_studentised, found.p_consistent, found.p_lower, found.p_upper, found.reality_check_p, alone


def _holds_truth(draw: Draw, n: int, k: int) -> Iterable[bool]:
    """Whether the intervals of one repetition hold accuracy, information coefficient and Sharpe ratio."""
    options = {"seed": k, "n_resamples": N_RESAMPLES}
    latent, said, noise, returns = draw(np.random.default_rng([SEED, 3, n, k]), (4, n))
    time = np.arange(n)
    right = latent < _QUANTILES[draw]
    (accuracy,) = forecast_intervals(
        "classification", np.ones(n), np.where(right, 0.9, 0.1), time, measures=("accuracy",), **options
    )
    outcome = CORRELATION * said + np.sqrt(1.0 - CORRELATION**2) * noise
    (correlation,) = forecast_intervals(
        "regression", outcome, said, time, measures=("information_coefficient",), **options
    )
    (sharpe,) = return_intervals(
        returns + SHARPE / np.sqrt(252), periods_per_year=252, measures=("sharpe_ratio",), **options
    )
    for found, truth in ((accuracy, ACCURACY), (correlation, CORRELATION), (sharpe, SHARPE)):
        yield bool(found.low <= truth <= found.high)


def _quantile(draw: Draw) -> float:
    """Where a share `ACCURACY` of the series lies below; in closed form where it is Gaussian."""
    if draw is not garch:
        return float(norm.ppf(ACCURACY))
    return float(np.quantile(garch(np.random.default_rng(SEED), (2_000, 500)), ACCURACY))


_QUANTILES = {draw: _quantile(draw) for draw in NULLS.values()}


def _rates(draw: Draw, n: int, gain: float) -> list[str]:
    series = draw(np.random.default_rng([SEED, 1, n]), (REPETITIONS, n)) + gain
    return [f"{np.mean([test(row, k) <= LEVEL for k, row in enumerate(series)]):.1%}" for test in TESTS.values()]


def _band(n: int, share: float) -> str:
    """What pure chance gives in 95 of 100 cases."""
    low, high = binom.ppf([0.025, 0.975], n, share) / n
    return f"{low:.1%} to {high:.1%}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _section(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs)


if __name__ == "__main__":
    print("\n\n".join(sections()))
