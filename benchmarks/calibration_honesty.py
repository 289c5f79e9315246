"""Do the corrections for luck hold what they promise? Deflated Sharpe ratios and overfitting on made noise.

Every number is counted on simulated returns whose truth is known. Seeded; about two minutes of one core. Run
`python -m benchmarks.calibration_honesty` to print the sections of docs/calibration.md that come from here.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from trimtab.metrics.sharpe import (
    Convention,
    deflated_sharpe_ratio,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
    sharpe_sample,
    trials_deviation,
)
from trimtab.validation.backtest_overfitting import backtest_overfitting
from trimtab.validation.independent_trials import independent_trials

N_BARS, PER_YEAR = 1000, 252
N_SEARCHES = 1000  # searches without skill per row of the first table
N_HISTORIES = 100  # histories per row of the second
AT_ONCE = 100
CONVENTIONS: tuple[Convention, ...] = ("classic", "null_variance")


class Noise(NamedTuple):
    """How trials without skill are made."""

    name: str
    n_trials: int
    correlation: float
    garch: bool


def sections() -> list[str]:
    """The sections of docs/calibration.md about honesty, as Markdown."""
    return [deflated_section(), overfitting_section(), track_record_section(), independent_section()]


def deflated_section() -> str:
    """How often the best of N strategies without skill passes as skilled."""
    low, high = _band(0.05, N_SEARCHES)
    lines = [
        "## Overfitting\n\nReturns without skill, and what is said about the best of them ([how](overfitting.md)).",
        "### The best of many strategies without skill",
        "",
        f"Each row: {N_SEARCHES:,} searches over N strategies of {N_BARS:,} bars that earn nothing on average. The best "
        "by Sharpe ratio is judged as the gate does it, with the spread of the N ratios and the effective number of trials. "
        f"Share that reaches 0.95 (a test of 5 % would give {low:.3f} to {high:.3f} here), and for a looser limit "
        "of 0.90. Plain is the probabilistic Sharpe ratio of the best, which forgets that it was chosen. The last column "
        "leaves out the third estimate of the effective number (see `validation/independent_trials.py`).",
        "",
        "| returns | N | correlation | effective N | plain >= 0.95 | classic >= 0.95 | null variance >= 0.95 "
        "| classic >= 0.90 | classic >= 0.95, two estimates |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    cases = [
        Noise(name, n, correlation, name != "Gaussian")
        for name in ("Gaussian", "GARCH")
        for n in (10, 50)
        for correlation in (0.0, 0.5, 0.9)
    ]
    return "\n".join(lines + [_deflated_row(case) for case in cases])


def _deflated_row(case: Noise) -> str:
    judged = np.array([_judge(table) for table in _noise(case, N_SEARCHES, seed=11)])
    effective, plain, classic, null, by_two = judged.T
    shares = [(plain, 0.95), (classic, 0.95), (null, 0.95), (classic, 0.90), (by_two, 0.95)]
    cells = " | ".join(f"{(values >= limit).mean():.3f}" for values, limit in shares)
    return f"| {case.name} | {case.n_trials} | {case.correlation:g} | {effective.mean():.1f} | {cells} |"


def _judge(returns: np.ndarray) -> tuple[float, float, float, float, float]:
    """Effective number, plain, deflated by both conventions, and classic by two estimates only."""
    ratios = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
    best, std = sharpe_sample(returns[:, ratios.argmax()]), trials_deviation(ratios)
    found = independent_trials(returns)
    known = (best.ratio, best.n_periods, best.skew, best.kurtosis)
    classic, null = (
        deflated_sharpe_ratio(*known, n_trials=found.n_effective, sharpe_std=std, convention=convention)
        for convention in CONVENTIONS
    )
    two = math.ceil(max(found.average_correlation, found.eigenvalues) - 1e-9)
    by_two = deflated_sharpe_ratio(*known, n_trials=two, sharpe_std=std)
    return found.n_effective, probabilistic_sharpe_ratio(*known), classic, null, by_two


def _noise(case: Noise, n: int, seed: int) -> Iterator[np.ndarray]:
    """Tables of returns without skill, shape (bars, trials)."""
    random = np.random.default_rng([seed, case.n_trials, int(case.correlation * 10), case.garch])
    for _ in range(n // AT_ONCE):
        own = random.normal(size=(N_BARS, AT_ONCE, case.n_trials))
        common = random.normal(size=(N_BARS, AT_ONCE, 1))
        shocks = math.sqrt(case.correlation) * common + math.sqrt(1.0 - case.correlation) * own
        drawn = _garch(shocks) if case.garch else shocks * 0.01
        yield from drawn.swapaxes(0, 1)


def _garch(shocks: np.ndarray) -> np.ndarray:
    """GARCH(1, 1) with 0.08 of the last square and 0.90 of the last variance, about 1 % a bar."""
    variance, drawn = np.full(shocks.shape[1:], 1e-4), np.empty_like(shocks)
    for bar, shock in enumerate(shocks):
        drawn[bar] = np.sqrt(variance) * shock
        variance = 2e-6 + 0.08 * drawn[bar] ** 2 + 0.90 * variance
    return drawn


def overfitting_section() -> str:
    """The probability of backtest overfitting where the truth is known."""
    lines = [
        "### Probability of backtest overfitting",
        "",
        f"Each row: {N_HISTORIES} histories of {N_BARS:,} bars; the skilled strategy is one of the N. Mean and standard "
        "deviation of the probability over histories; the share of the 90 % intervals that hold that mean, how wide "
        "they are, and where their middle lies.",
        "",
        "| one strategy has a Sharpe ratio per year of | N | blocks | mean | sd | intervals that hold it | width "
        "| middle |",
        "|---|---|---|---|---|---|---|---|",
    ]
    cases = [(0.0, 20, 8), (0.0, 20, 16), (0.0, 100, 16), (1.0, 20, 16), (2.0, 20, 16), (3.0, 20, 16)]
    return "\n".join(lines + [_overfitting_row(*case) for case in cases])


def _overfitting_row(sharpe: float, n_trials: int, n_blocks: int) -> str:
    found = []
    for history in range(N_HISTORIES):
        random = np.random.default_rng([21, history, n_trials])
        returns = random.normal(0.0, 0.01, size=(N_BARS, n_trials))
        returns[:, 0] += sharpe / math.sqrt(PER_YEAR) * 0.01
        found.append(backtest_overfitting(returns, n_blocks=n_blocks, seed=history, n_resamples=100))
    pbo, low, high = (np.array([getattr(each, name) for each in found]) for name in ("pbo", "low", "high"))
    held = ((low <= pbo.mean()) & (pbo.mean() <= high)).mean()
    return (
        f"| {sharpe:g} | {n_trials} | {n_blocks} | {pbo.mean():.3f} | {pbo.std(ddof=1):.3f} | {held:.2f} "
        f"| {(high - low).mean():.2f} | {((low + high) / 2).mean():.2f} |"
    )


def track_record_section() -> str:
    """Whether a track record of the minimum length is as rare by luck as its confidence says."""
    n_records = 40_000
    low, high = _band(0.05, n_records)
    lines = [
        "### Minimum track record length",
        "",
        f"Each row: {n_records:,} track records without skill, as long as a Sharpe ratio of the first column needs to be "
        f"above zero with 95 %. Share that shows this Sharpe ratio or a higher one (0.05 would be {low:.4f} to "
        f"{high:.4f}). Skewed returns have skew -1.5 and kurtosis 6.4, which the length is told.",
        "",
        "| Sharpe ratio per bar | returns | convention | length | share |",
        "|---|---|---|---|---|",
    ]
    cases = [(ratio, skewed, c) for ratio in (0.1, 0.3) for skewed in (False, True) for c in CONVENTIONS]
    return "\n".join(lines + [_track_record_row(*case, n_records) for case in cases])


def _track_record_row(ratio: float, skewed: bool, convention: Convention, n_records: int) -> str:
    skew, kurtosis = _GAMMA_MOMENTS if skewed else (0.0, 3.0)
    length = math.ceil(minimum_track_record_length(ratio, skew, kurtosis, convention=convention))
    random = np.random.default_rng([31, int(ratio * 10), skewed])
    seen = 0
    for _ in range(10):
        drawn = _skewed(random, (n_records // 10, length)) if skewed else random.normal(size=(n_records // 10, length))
        seen += int((drawn.mean(axis=1) / drawn.std(axis=1, ddof=1) >= ratio).sum())
    name = "skewed" if skewed else "Gaussian"
    return f"| {ratio} | {name} | {convention.replace('_', ' ')} | {length} | {seen / n_records:.4f} |"


_SHAPE = 16.0 / 9.0
_GAMMA_MOMENTS = (-2.0 / math.sqrt(_SHAPE), 3.0 + 6.0 / _SHAPE)


def _skewed(random: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Small gains and rare large losses: a gamma variable turned around, mean 0 and deviation 1."""
    return (_SHAPE - random.standard_gamma(_SHAPE, size=size)) / math.sqrt(_SHAPE)


def independent_section() -> str:
    """The estimates of the effective number beside what the correlation they were made with implies."""
    lines = [
        "### Effective number of independent trials",
        "",
        "Trials of which every two have the same correlation r: mean over 200 draws, with the standard deviation of what "
        "the gate counts, the largest rounded up. Implied by the average correlation is r + (1 - r) N.",
        "",
        "| N | r | bars | implied | average correlation | eigenvalues | differences | counted | sd |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    cases = [(n, r, bars) for n in (10, 50) for r in (0.0, 0.5, 0.9) for bars in (250, 1000)]
    return "\n".join(lines + [_independent_row(*case) for case in cases])


def _independent_row(n: int, correlation: float, bars: int) -> str:
    random = np.random.default_rng([41, n, int(correlation * 10), bars])
    found = []
    for _ in range(200):
        common, own = random.normal(size=(bars, 1)), random.normal(size=(bars, n))
        each = independent_trials(math.sqrt(correlation) * common + math.sqrt(1.0 - correlation) * own)
        found.append((each.average_correlation, each.eigenvalues, each.differences, each.n_effective))
    average, eigenvalues, differences, counted = np.mean(found, axis=0)
    spread = np.std([each[3] for each in found], ddof=1)
    implied = correlation + (1.0 - correlation) * n
    return (
        f"| {n} | {correlation:g} | {bars} | {implied:.1f} | {average:.1f} | {eigenvalues:.1f} | {differences:.1f} "
        f"| {counted:.1f} | {spread:.1f} |"
    )


def _band(share: float, n: int) -> tuple[float, float]:
    """Where 95 % of the shares counted in n draws lie, by the normal approximation."""
    error = 1.96 * math.sqrt(share * (1.0 - share) / n)
    return share - error, share + error


if __name__ == "__main__":
    print("\n\n".join(sections()))
