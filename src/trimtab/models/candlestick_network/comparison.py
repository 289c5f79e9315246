"""The whole experiment: train the network and its baseline on the same windows, ask both about unseen ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trimtab.models.candlestick_network.evaluation import DRAWS, Evaluation, evaluate
from trimtab.models.candlestick_network.linear import train_linear
from trimtab.models.candlestick_network.network import CandlestickNetwork
from trimtab.models.candlestick_network.patterns import PATTERNS
from trimtab.models.candlestick_network.split import Split
from trimtab.models.candlestick_network.training import Plan, choose_thresholds, sample, train_network
from trimtab.models.candlestick_network.windows import Windows
from trimtab.models.protocol import FitContext


@dataclass(frozen=True)
class Comparison:
    """The trained network beside the linear baseline.

    Attributes
    ----------
    model: the network.
    n_training, n_drawn, n_validation: windows before the validation, those of them that trained, and those
        that stopped the training and chose the thresholds.
    training_cases: of each pattern among the windows that trained, by name.
    network, linear: how both did on instruments and a time that neither has seen.
    """

    model: CandlestickNetwork
    n_training: int
    n_drawn: int
    n_validation: int
    training_cases: dict[str, int]
    network: Evaluation
    linear: Evaluation

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "split": self.model.split.to_json(),
            "n_training": self.n_training,
            "n_drawn": self.n_drawn,
            "n_validation": self.n_validation,
            "training_cases": self.training_cases,
            "network": self.network.document(),
            "linear": self.linear.document(),
        }


def compare(
    windows: Windows,
    split: Split,
    plan: Plan,
    context: FitContext,
    fitted: Callable[[], None] = lambda: None,
    draws: int = DRAWS,
) -> Comparison:
    """Train both, choose the thresholds of both on the validation windows, score both on the unseen ones.

    `fitted` is called after each of the fifteen regressions of the baseline, `context.watch` after each epoch.
    """
    rows = split.training(windows)
    drawn = sample(windows, rows, plan.most_windows, context.seed)
    network = train_network(windows, split, plan, drawn, context)
    linear = train_linear(windows, drawn.rows, drawn.weight, fitted)
    judged, unseen = windows.take(split.validation(windows)), windows.take(split.unseen(windows))
    thresholds = choose_thresholds(judged.labels, linear.probabilities_of(judged))
    told = network.probabilities_of(unseen)
    return Comparison(
        network,
        len(rows),
        len(drawn.rows),
        len(judged),
        dict(zip(PATTERNS, windows.labels[drawn.rows].sum(axis=0).tolist(), strict=True)),
        evaluate(unseen.labels, told, network.thresholds, unseen.code, draws),
        evaluate(unseen.labels, linear.probabilities_of(unseen), thresholds, unseen.code, draws),
    )
