"""How often prediction intervals hold the outcome: the part on intervals of docs/calibration.md.

On the simulated market only, so that anyone can run it; docs/confidence.md has real markets beside it. Seeded.
"""

from __future__ import annotations

from benchmarks.intervals import cases, measure

NOTE = """A linear model with `[confidence]`, judged out of sample by walk-forward on ten simulated years of daily bars: returns without
structure, with GARCH volatility, with regimes, with a dated change. [Confidence](confidence.md) has real markets beside them."""


def sections() -> list[str]:
    """The part of the page as Markdown."""
    simulated = [case for case in cases() if case.name.startswith("simulated")]
    covered = measure(simulated)[0]
    return [f"## Prediction intervals\n\n{NOTE}\n\n{covered.markdown().replace('## ', '### ', 1)}"]
