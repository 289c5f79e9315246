"""The verdict of a walk-forward in one sentence, with what it does not say: a word like GOOD tests nothing."""

from __future__ import annotations

import numpy as np

from trimtab.datasets.schema import Task
from trimtab.validation.bootstrap import MIN_TIMES
from trimtab.validation.significance import BaselineComparison, Comparison
from trimtab.validation.walk_forward import WalkForwardReport


def verdict_sentence(report: WalkForwardReport, comparison: BaselineComparison, level: float = 0.05) -> str:
    """Whether the verdict stands against the baseline that is hardest to beat, such as

    "GOOD by accuracy and consistency, but not better than always saying the commoner class (p 0.31)".
    """
    measured = "accuracy" if np.isnan(report.consistency) else "accuracy and consistency"
    hardest = comparison.strongest
    rival = baseline_words(hardest, report.task)
    said = f"{report.verdict.value} by {measured}"
    if np.isnan(hardest.p_value):
        return f"{said}; {_evidence(hardest)} too few to tell it from {rival}"
    p_value = f"p {_rounded(hardest.p_value)}"
    if not comparison.is_significant(level):
        return f"{said}, but not better than {rival} ({p_value})"
    return f"{said}, and better than every naive forecast (against {rival} {p_value})"


def baseline_words(comparison: Comparison, task: Task) -> str:
    """What a baseline does, as the object of a sentence."""
    commoner = "class" if task == "classification" else "direction"
    return {
        "naive": "the naive forecast of the label",
        "majority": f"always saying the commoner {commoner}",
        "buy_and_hold": "always saying up",
        "moving_average": "the side of the moving average",
    }.get(comparison.baseline, comparison.baseline)


def _evidence(comparison: Comparison) -> str:
    """What there is too little of: times, or times at which the two differ."""
    if comparison.n_times < MIN_TIMES:
        return f"{comparison.n_times} decision times are"
    return f"the two differ at {comparison.n_differing} of {comparison.n_times} decision times,"


def _rounded(p_value: float) -> str:
    """Two digits, or enough to see that it is small.

    >>> _rounded(0.3123), _rounded(0.0005), _rounded(0.0)
    ('0.31', '0.0005', '0')
    """
    return f"{p_value:.2f}" if p_value >= 0.095 else f"{p_value:.2g}"
