"""How the scores of a model are shown: columns of a table, and means as a sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from trimtab.cli.features.telling import counted, print_wrapped
from trimtab.cli.output import words

if TYPE_CHECKING:
    from trimtab.models.candlestick_network.evaluation import Evaluation


def columns(score: Any) -> dict[str, Any]:
    """Scores of a pattern; too few cases to say are shown by their count alone."""
    names = {"precision": "precision", "recall": "recall", "f1": "F1", "average_precision": "AP"}
    told = {head: None if score.is_too_few else getattr(score, name) for name, head in names.items()}
    return {"cases": score.cases, "base rate": score.base_rate, **told}


def print_means(name: str, result: Evaluation) -> None:
    """Print the means over patterns of a model, and the patterns too rare to judge, as one sentence."""
    from trimtab.models.candlestick_network.evaluation import FEWEST

    low, high = result.macro_average_precision.interval
    few = [words(each.pattern) for each in result.scores if each.is_too_few]
    print_wrapped(
        f"{name}: macro AP {result.macro_average_precision.value:.3f}"
        + (f" (95 % over instruments {low:.3f} to {high:.3f})" if math.isfinite(low) else "")
        + f", macro F1 {result.macro_f1.value:.3f}, micro F1 {result.micro_f1.value:.3f}, "
        f"{counted(result.n_windows, 'window')} of {counted(result.n_instruments, 'instrument')}"
        + (f"; fewer than {FEWEST} cases, too few to say: {', '.join(map(str, few))}" if few else "")
    )
