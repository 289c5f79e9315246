"""What a drift snapshot costs: `python -m benchmarks.drift`.

120 features × 100,000 reference rows against 20,000 current ones. Beside it, in the same run: a plain
copy of the same numbers, and `scipy.stats.ks_2samp`, which gives one of the four measures and a p-value
for independent rows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter

import numpy as np
from scipy.signal import lfilter
from scipy.stats import ks_2samp

from trimtab.config.strategy import Drift
from trimtab.drift.snapshot import take_snapshot

FEATURES, REFERENCE_ROWS, CURRENT_ROWS, INSTRUMENTS = 120, 100_000, 20_000, 25


def features(rng: np.random.Generator, n_rows: int) -> np.ndarray:
    """Gaussian AR(1) columns, φ = 0.9."""
    return np.asfortranarray(lfilter([1.0], [1.0, -0.9], rng.standard_normal((n_rows, FEATURES)), axis=0))


def best_of(run: Callable[[], object], times: int = 3) -> float:
    """Seconds of the fastest run; the first, which compiles, is not counted."""
    run()
    seconds = []
    for _ in range(times):
        start = perf_counter()
        run()
        seconds.append(perf_counter() - start)
    return min(seconds)


def main() -> None:
    """Measure and print one table."""
    rng = np.random.default_rng(7)
    reference, current = features(rng, REFERENCE_ROWS), features(rng, CURRENT_ROWS)
    names = [f"feature_{number}" for number in range(FEATURES)]

    def snapshot(instruments: int) -> object:
        return take_snapshot(
            reference,
            current,
            names,
            limits=Drift(),
            as_of=datetime(2024, 1, 2, tzinfo=UTC),
            reference_groups=np.arange(REFERENCE_ROWS) % instruments,
            current_groups=np.arange(CURRENT_ROWS) % instruments,
        )

    def scipy_statistic() -> object:
        return [ks_2samp(reference[:, k], current[:, k], method="asymp") for k in range(FEATURES)]

    rows = {
        "plain copy": best_of(lambda: (reference.copy(), current.copy())),
        "trimtab snapshot, 1 instrument": best_of(lambda: snapshot(1)),
        f"trimtab snapshot, {INSTRUMENTS} instruments": best_of(lambda: snapshot(INSTRUMENTS)),
        "scipy.stats.ks_2samp alone": best_of(scipy_statistic, 1),
    }
    ours = rows["trimtab snapshot, 1 instrument"]
    values = FEATURES * (REFERENCE_ROWS + CURRENT_ROWS)
    print(f"{FEATURES} features x {REFERENCE_ROWS:,} + {CURRENT_ROWS:,} rows")
    for label, seconds in rows.items():
        print(f"{label:40} {seconds:7.3f} s {1e9 * seconds / values:8.2f} ns/value {seconds / ours:7.2f} x snapshot")


if __name__ == "__main__":
    main()
