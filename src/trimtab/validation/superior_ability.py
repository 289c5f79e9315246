"""Is the best of many forecasts better than a benchmark, given that it was chosen among many?

White's reality check asks whether the largest mean gain of k models could be luck; Hansen's test of superior
predictive ability divides each gain by its error and does not let hopeless models weaken the answer.

Hansen's errors are estimated once. Over ten models of a dependent series the noise of these estimates alone makes
some gain look large, and the test raises three to six times too many alarms (docs/calibration.md). So there is a
third answer, in which each resample is judged in units of its own errors, as in `bootstrap`: the one to read.

- White (2000), A reality check for data snooping, Econometrica 68.
- Hansen (2005), A test for superior predictive ability, Journal of Business & Economic Statistics 23.
- Politis & Romano (1994), The stationary bootstrap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.errors import ConfigurationError, DatasetError
from trimtab.validation.bootstrap import (
    MIN_TIMES,
    Method,
    default_block_length,
    resampled_column_means,
    studentised_means,
)


@dataclass(frozen=True)
class SuperiorAbility:
    """What the tests say of "no model is better than the benchmark"; small p-values speak against it.

    Attributes
    ----------
    p_consistent: Hansen's.
    p_lower, p_upper: its liberal and conservative bounds.
    reality_check_p: White's, of gains not divided by their errors.
    n_models, n_times: models and observations in time compared.
    block_length: expected length of the resampled blocks of these four, in observations.
    p_studentised: as Hansen's, each resample in units of its own errors, from blocks of one length: the best
        calibrated, and less powerful in a short and sticky series.

    All p-values are NaN with fewer than 20 times or without a model.
    """

    p_consistent: float
    p_lower: float
    p_upper: float
    reality_check_p: float
    n_models: int
    n_times: int
    block_length: float
    p_studentised: float


def superior_ability(
    benchmark_losses: np.ndarray,
    model_losses: np.ndarray,
    *,
    seed: int,
    n_resamples: int = 1000,
    block_length: float | None = None,
) -> SuperiorAbility:
    """Compare the losses of k models, shape (t, k), with those of a benchmark, shape (t,), in order of time.

    A loss is anything that is better when smaller: for returns pass minus the return. `block_length` None takes the
    longest of the lengths that suit the k gains (`bootstrap.default_block_length`), so that the most dependent one is
    not cut too short. Gains are centred in three ways (Hansen 2005, section 2.3): all of them (upper), those not hopeless by the law of the iterated
    logarithm (consistent), the positive ones only (lower). The same seed gives the same answer.

    >>> random = np.random.default_rng(0)
    >>> models = random.normal(1.0, 0.3, (300, 3)) - np.array([0.0, 0.0, 0.2])
    >>> superior_ability(random.normal(1.0, 0.3, 300), models, seed=1).p_consistent < 0.01
    True
    """
    benchmark, models = (np.asarray(each, dtype=np.float64) for each in (benchmark_losses, model_losses))
    if benchmark.ndim != 1 or models.ndim != 2 or len(benchmark) != len(models):
        raise DatasetError(
            f"losses have shapes {benchmark.shape} and {models.shape}; give (t,) for the benchmark and (t, k) for the models"
        )
    gains = benchmark[:, None] - models
    if not np.isfinite(gains).all():
        raise DatasetError("a loss is not a finite number; leave out the times at which a model says nothing")
    (n, k), nan = gains.shape, float("nan")
    if n < MIN_TIMES or not k:
        return SuperiorAbility(nan, nan, nan, nan, k, n, nan, nan)
    length, own_length = (_length(gains, method, block_length) for method in ("stationary", "studentised"))
    mean, error = gains.mean(axis=0), _errors(gains, length)
    moved = resampled_column_means(gains - mean, length, "stationary", n_resamples, np.random.default_rng(seed))
    scaled = np.divide(mean, error, out=np.zeros(k), where=error > 0.0)
    hopeless = mean < -error * np.sqrt(2.0 * np.log(np.log(n)) / n)
    p_lower, p_consistent, p_upper = (
        1.0 if scaled.max() <= 0.0 else _p_value(float(scaled.max()), _in_errors(moved + shift, error))
        for shift in (np.minimum(mean, 0.0), np.where(hopeless, mean, 0.0), np.zeros(k))
    )
    studentised = _studentised_p(gains, int(own_length), n_resamples, np.random.default_rng(seed))
    reality_check = _p_value(float(mean.max()), moved)
    return SuperiorAbility(p_consistent, p_lower, p_upper, reality_check, k, n, length, studentised)


def _length(gains: np.ndarray, method: Method, given: float | None) -> float:
    length = max(default_block_length(each, method) for each in gains.T) if given is None else float(given)
    if not 1.0 <= length <= len(gains):
        raise ConfigurationError(f"block_length is {length:g}; it must lie between 1 and the {len(gains)} observations")
    return length


def _studentised_p(gains: np.ndarray, length: int, n_resamples: int, random: np.random.Generator) -> float:
    """The largest gain in its errors against the largest of resamples in theirs, hopeless models left where they are."""
    n, k = gains.shape
    seed = int(random.integers(2**63))  # the same blocks for every model
    found = [studentised_means(each, length, n_resamples, np.random.default_rng(seed)) for each in gains.T]
    errors, ratios = np.array([error for error, _ in found]), np.stack([ratios for _, ratios in found], axis=1)
    scaled = np.divide(gains.mean(axis=0), errors, out=np.zeros(k), where=errors > 0.0)
    hopeless = scaled < -np.sqrt(2.0 * np.log(np.log(n)))
    best = float(scaled.max())
    return 1.0 if best <= 0.0 else _p_value(best, ratios + np.where(hopeless, scaled, 0.0))


def _errors(gains: np.ndarray, block_length: float) -> np.ndarray:
    """Deviation of sqrt(n) times each mean under the stationary bootstrap, in closed form; shape (k,).

    Politis & Romano (1994), lemma 1, with autocovariances that do not wrap around (Hansen 2005, section 2.2).
    """
    n, centred = len(gains), gains - gains.mean(axis=0)
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(centred, size, axis=0)
    covariance = np.fft.irfft(np.abs(spectrum) ** 2, size, axis=0)[:n] / n
    lags, stay = np.arange(1, n), 1.0 - 1.0 / block_length
    kernel = (1.0 - lags / n) * stay**lags + (lags / n) * stay ** (n - lags)
    return np.sqrt(np.maximum(covariance[0] + 2.0 * (kernel @ covariance[1:]), 0.0))


def _in_errors(means: np.ndarray, error: np.ndarray) -> np.ndarray:
    return np.divide(means, error, out=np.zeros_like(means), where=error > 0.0)


def _p_value(best: float, resampled: np.ndarray) -> float:
    """Share of the resamples, shape (r, k), whose best gain is as large as the best one found."""
    as_large = resampled.max(axis=1) >= best - 1e-12 * max(abs(best), 1.0)
    return float((1 + as_large.sum()) / (1 + len(resampled)))
