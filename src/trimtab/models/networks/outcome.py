"""`Outcome`: what a network is trained to say for a task, and how its output becomes a forecast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from torch import Tensor
from torch.nn import functional

from trimtab.datasets.schema import Task
from trimtab.models.networks.training import Loss


@dataclass(frozen=True)
class Outcome:
    """Classification: the output is a logit. Regression: it is the target in deviations from its mean.

    Attributes
    ----------
    mean, deviation: of the training targets by weight, in regression; 0 and 1 otherwise.
    """

    task: Task
    mean: float = 0.0
    deviation: float = 1.0

    def to_network(self, target: np.ndarray) -> np.ndarray:
        """Targets as the network is shown them."""
        return (target - self.mean) / self.deviation

    def to_forecast(self, output: np.ndarray) -> np.ndarray:
        """Outputs of the network (float64) as probabilities or values.

        >>> Outcome("regression", 5.0, 2.0).to_forecast(np.array([0.0, 1.0]))
        array([5., 7.])
        """
        return expit(output) if self.task == "classification" else self.mean + self.deviation * output


def fit_outcome(task: Task, target: np.ndarray, weight: np.ndarray) -> Outcome:
    """Learn the outcome from training targets; a constant one has the deviation 1."""
    if task == "classification":
        return Outcome(task)
    mean = float(np.average(target, weights=weight))
    deviation = float(np.sqrt(np.average((target - mean) ** 2, weights=weight)))
    return Outcome(task, mean, deviation if deviation > 0.0 else 1.0)


def loss_of(task: Task, loss: str) -> Loss:
    """The loss of a task: cross-entropy for classification, `loss` ("squared" or "huber") for regression."""
    if task == "classification":
        return cross_entropy
    return huber if loss == "huber" else squared


def cross_entropy(output: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Binary cross-entropy of logits."""
    return functional.binary_cross_entropy_with_logits(output, target, weight)


def squared(output: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Squared error: the forecast is the mean."""
    return (weight * (output - target) ** 2).mean()


def huber(output: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Squared error up to one deviation, linear beyond (Huber 1964): a crash counts, but not by its square."""
    return (weight * functional.huber_loss(output, target, reduction="none")).mean()
