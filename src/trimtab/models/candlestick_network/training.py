"""From windows to a trained network: which windows, the loss, the thresholds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from trimtab.errors import ConfigurationError
from trimtab.models.candlestick_network.network import CandlestickNetwork, Shape
from trimtab.models.candlestick_network.patterns import PATTERNS
from trimtab.models.candlestick_network.scores import Ranking
from trimtab.models.candlestick_network.split import Split
from trimtab.models.candlestick_network.windows import Windows, normalised
from trimtab.models.networks.determinism import reproducible, seed_torch
from trimtab.models.networks.training import Loss, TrainingSettings, train
from trimtab.models.protocol import FitContext
from trimtab.storage.hashing import fingerprint_arrays, fingerprint_json

LARGEST_CLASS_WEIGHT = 20.0  # a pattern of one bar in ten thousand must not rule the loss
FEWEST_FOR_THRESHOLD = 10  # cases; with fewer the best threshold is a matter of luck
PLAIN_THRESHOLD = 0.5
MANY_WINDOWS = 50_000
MANY = TrainingSettings(epochs=16, batch_size=512, learning_rate=6e-3, weight_decay=1e-3, patience=5)
FEW = TrainingSettings(epochs=60, batch_size=64, learning_rate=3e-3, weight_decay=1e-1, patience=10)


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes
    ----------
    shape: how large the network is.
    settings: of the training loop.
    most_windows: how many windows train, at most: see `sample`.
    """

    shape: Shape = field(default_factory=Shape)
    settings: TrainingSettings = field(default_factory=lambda: MANY)
    most_windows: int = 400_000

    def __post_init__(self) -> None:
        if self.most_windows < 1:
            raise ConfigurationError(f"most_windows is {self.most_windows}; it must be at least 1")


def plan_for(n_windows: int, epochs: int | None = None) -> Plan:
    """What to do with so many training windows: few ones need smaller steps and more passes.

    >>> plan_for(5_000).settings.batch_size, plan_for(300_000).settings.batch_size
    (64, 512)
    """
    settings = FEW if n_windows < MANY_WINDOWS else MANY
    return Plan(settings=settings if epochs is None else replace(settings, epochs=epochs))


@dataclass(frozen=True)
class Sample:
    """Windows drawn to train from.

    Attributes
    ----------
    rows: their positions among the windows, in order, int64, shape (s,).
    weight: how many windows each stands for, mean 1, float64, shape (s,).
    """

    rows: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class LabelledWindows:
    """Some windows as mini-batches, cut one batch at a time."""

    windows: Windows
    rows_: np.ndarray
    weight: np.ndarray

    def __len__(self) -> int:
        return len(self.rows_)

    def rows(self, index: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs (b, 5, 20), labels (b, 15) and weights (b,), all float32."""
        rows = self.rows_[index]
        inputs = torch.from_numpy(normalised(self.windows.cut(rows)))
        labels = torch.from_numpy(self.windows.labels[rows].astype(np.float32))
        return inputs, labels, torch.from_numpy(self.weight[index].astype(np.float32))


def sample(windows: Windows, rows: np.ndarray, most: int, seed: int) -> Sample:
    """Draw the windows that train: every one with a rare pattern, and as many of the others as fit.

    Patterns are taken from the rarest on while all windows that hold them fill at most half of `most`; of the
    rest a random part is drawn, each standing for the others. Fewer windows than `most` are all taken.
    """
    if len(rows) <= most:
        return Sample(rows, np.ones(len(rows)))
    labels = windows.labels[rows]
    kept = np.zeros(len(rows), dtype=bool)
    for pattern in np.argsort(labels.sum(axis=0), kind="stable"):
        more = kept | labels[:, pattern]
        if more.sum() > most / 2:
            break
        kept = more
    others = np.flatnonzero(~kept)
    drawn = np.random.default_rng([seed, len(rows)]).choice(others, most - int(kept.sum()), replace=False)
    weight = np.where(kept, 1.0, len(others) / len(drawn))
    chosen = np.sort(np.concatenate([np.flatnonzero(kept), drawn]))
    return Sample(rows[chosen], weight[chosen] / weight[chosen].mean())


def class_weights(labels: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """What a case of each pattern counts in the loss: the root of absent over present, from 1 to 20; shape (k,).

    >>> class_weights(np.array([[1, 0], [0, 0], [0, 0], [0, 0], [0, 0]], bool), np.ones(5)).tolist()
    [2.0, 1.0]
    """
    present = (labels * weight[:, None]).sum(axis=0)
    odds = np.divide(weight.sum() - present, present, out=np.ones(labels.shape[1]), where=present > 0.0)
    return np.clip(np.sqrt(odds), 1.0, LARGEST_CLASS_WEIGHT)


def train_network(windows: Windows, split: Split, plan: Plan, drawn: Sample, context: FitContext) -> CandlestickNetwork:
    """Train on drawn windows; the validation windows stop the training and choose the thresholds.

    The class weights make rare patterns heard, and make every probability too high by a known factor of
    its odds. That factor is taken out of the last layer afterwards: what comes out are probabilities
    of the market as it is.
    """
    fit = LabelledWindows(windows, drawn.rows, drawn.weight)
    judged = split.validation(windows)
    validation = LabelledWindows(windows, judged, np.ones(len(judged)))
    weights = class_weights(windows.labels[drawn.rows], drawn.weight)
    with reproducible():
        seed_torch(context.seed)
        module = plan.shape.module()
    trained = train(module, fit, validation, _loss(weights), plan.settings, context, _fingerprint(fit, plan))
    state = {name: each.numpy() for name, each in trained.state.items()}
    state[_last_bias(state)] -= np.log(weights).astype(np.float32)
    losses = [(each.train_loss, each.validation_loss) for each in trained.history]
    told = {
        "settings": asdict(plan.settings),
        "seed": context.seed,
        "most_windows": plan.most_windows,
        "n_windows": len(drawn.rows),
        "cases": dict(zip(PATTERNS, windows.labels[drawn.rows].sum(axis=0).tolist(), strict=True)),
        "best_epoch": trained.best_epoch,
        "losses": losses,
    }
    unsure = CandlestickNetwork(plan.shape, state, np.full(len(PATTERNS), PLAIN_THRESHOLD), split, told)
    there = windows.take(judged)
    thresholds = choose_thresholds(there.labels, unsure.probabilities_of(there))
    return CandlestickNetwork(plan.shape, state, thresholds, split, told)


def choose_thresholds(labels: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """For each pattern the probability with the highest F1 on these windows; 0.5 with fewer than 10 cases."""
    return np.array(
        [
            Ranking.of(label, said).best_threshold(said) if label.sum() >= FEWEST_FOR_THRESHOLD else PLAIN_THRESHOLD
            for label, said in zip(labels.T, probability.T, strict=True)
        ]
    )


def _loss(class_weight: np.ndarray) -> Loss:
    positive = torch.from_numpy(class_weight.astype(np.float32))

    def loss(output: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        each = binary_cross_entropy_with_logits(output, target, pos_weight=positive.to(output.device), reduction="none")
        return (each.mean(dim=1) * weight).mean()

    return loss


def _fingerprint(fit: LabelledWindows, plan: Plan) -> str:
    arrays = {"bars": fit.windows.bars, "last": fit.windows.last[fit.rows_], "weight": fit.weight}
    return fingerprint_json({"data": fingerprint_arrays(arrays), "plan": asdict(plan)})


def _last_bias(state: dict[str, np.ndarray]) -> str:
    return [name for name in state if name.endswith("bias")][-1]
