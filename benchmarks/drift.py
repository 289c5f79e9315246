"""What a drift snapshot costs.

120 features × 100,000 reference rows against 20,000 current ones. Beside it, in the same run: a plain
copy of the same numbers, and `scipy.stats.ks_2samp`, which gives one of the four measures and a p-value
for independent rows.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from scipy.signal import lfilter
from scipy.stats import ks_2samp

from benchmarks.measuring import Section, best_of, times
from trimtab.config.strategy import Drift
from trimtab.drift.snapshot import take_snapshot

FEATURES, REFERENCE_ROWS, CURRENT_ROWS, INSTRUMENTS = 120, 100_000, 20_000, 25
NOTE = f"""{FEATURES} features × {REFERENCE_ROWS:,} + {CURRENT_ROWS:,} rows, processor time. SciPy computes one of the four measures,
with a p-value for independent rows."""


def measure() -> list[Section]:
    """Snapshots of one and of many instruments."""
    rng = np.random.default_rng(7)
    reference, current = _features(rng, REFERENCE_ROWS), _features(rng, CURRENT_ROWS)
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

    copy = best_of(lambda: (reference.copy("F"), current.copy("F")), 3)
    measured = {
        "plain copy": copy,
        "trimtab snapshot, 1 instrument": best_of(lambda: snapshot(1), 3),
        f"trimtab snapshot, {INSTRUMENTS} instruments": best_of(lambda: snapshot(INSTRUMENTS), 3),
        "scipy.stats.ks_2samp alone": best_of(scipy_statistic, 1),
    }
    n_values = FEATURES * (REFERENCE_ROWS + CURRENT_ROWS)
    table = [
        (label, f"{seconds:.2f}", f"{1e9 * seconds / n_values:.1f}", times(seconds, copy))
        for label, seconds in measured.items()
    ]
    return [Section("Drift snapshot", ("what", "seconds", "ns per value", "× copy"), table, NOTE)]


def _features(rng: np.random.Generator, n_rows: int) -> np.ndarray:
    """Gaussian AR(1) columns, φ = 0.9."""
    return np.asfortranarray(lfilter([1.0], [1.0, -0.9], rng.standard_normal((n_rows, FEATURES)), axis=0))
