"""What a model has learnt about its own certainty, how it is learnt and how it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as write_tensors
from scipy.special import logit

from trimtab.config.strategy import Confidence
from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.errors import ArtifactError
from trimtab.models.calibration import FARTHEST, Calibration, calibration_from, fit_calibration
from trimtab.models.conformal import ClassSets, ResidualIntervals, class_sets_from, residual_intervals_from
from trimtab.models.difficulty import Difficulty, difficulty_from, even_difficulty, fit_difficulty, tells_errors
from trimtab.models.inputs import bounded
from trimtab.models.novelty import Novelty, fit_novelty, novelty_from
from trimtab.models.out_of_fold import out_of_fold
from trimtab.models.protocol import FitContext, Forecaster

FILE = "confidence.safetensors"


@dataclass(frozen=True)
class Certainty:
    """What was learnt beside the model; None where it was not asked for.

    Attributes
    ----------
    scale: what a value of a regression is divided by to be a score of the calibration; 1 in classification.
    calibration: from scores to the probability of class 1, or of a rise.
    intervals: of residuals in regression, sets of classes in classification.
    difficulty: of a row, for the intervals of a regression.
    novelty: of a row.
    """

    scale: float = 1.0
    calibration: Calibration | None = None
    intervals: ResidualIntervals | ClassSets | None = None
    difficulty: Difficulty | None = None
    novelty: Novelty | None = None

    def calibrated(self, task: Task, value: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """The value after calibration, and the probability that the class or direction it says is right."""
        if self.calibration is None:
            return value, None
        probability = self.calibration.probability(_score(task, value, self.scale))
        if task == "classification":
            return probability, np.maximum(probability, 1.0 - probability)
        return value, np.where(value > 0.0, probability, 1.0 - probability)

    def interval(
        self, value: np.ndarray, said: np.ndarray, rows: np.ndarray, coverage: float | None
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        """The ends of the intervals at feature rows, from values before calibration and as said; None without any."""
        if self.intervals is None or coverage is None:
            return None, None
        if isinstance(self.intervals, ClassSets):
            return self.intervals.bounds(value, coverage, said)
        difficulty = np.ones(len(rows)) if self.difficulty is None else self.difficulty.of(rows)
        return self.intervals.bounds(value, difficulty, coverage)

    def to_bytes(self) -> bytes:
        """As safetensors, float64 exact."""
        parts = ("calibration", "intervals", "difficulty", "novelty")
        learnt = {name: getattr(self, name).arrays() for name in parts if getattr(self, name) is not None}
        arrays = {f"{part}.{name}": array for part, named in learnt.items() for name, array in named.items()}
        scale = np.array([self.scale])
        return write_tensors({name: np.ascontiguousarray(array) for name, array in (arrays | {"scale": scale}).items()})

    @classmethod
    def from_bytes(cls, content: bytes, task: Task, asked: Confidence, n_features: int) -> Certainty:
        """Read it back; `ArtifactError` when it is damaged or not what was asked for."""
        arrays = _read(content)

        def part(name: str) -> dict[str, np.ndarray]:
            prefix = f"{name}."
            return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}

        calibrates, is_regression = asked.calibration != "none", task == "regression"
        intervals = residual_intervals_from if is_regression else class_sets_from
        return cls(
            scale=_scale_from(arrays),
            calibration=calibration_from(asked.calibration, part("calibration")) if calibrates else None,
            intervals=intervals(part("intervals")) if asked.coverage is not None else None,
            difficulty=difficulty_from(part("difficulty"), n_features) if asked.coverage and is_regression else None,
            novelty=novelty_from(part("novelty"), n_features) if asked.novelty else None,
        )


def learn_certainty(forecaster: Forecaster, train: Dataset, asked: Confidence, context: FitContext) -> Certainty:
    """Learn what was asked for from the training rows, all of them of a weight above zero.

    Raises `NotEnoughDataError` where the purged parts are too few rows or have one class only.
    """
    n_parts = asked.n_parts
    rows = replace(train, features=np.asfortranarray(bounded(train.features)))
    learnt = Certainty(novelty=fit_novelty(rows, n_parts) if asked.novelty else None)
    if asked.calibration == "none" and asked.coverage is None:
        return learnt
    unseen = out_of_fold(forecaster, train, n_parts, context)
    if asked.calibration != "none":
        learnt = _with_calibration(learnt, train, unseen, asked.calibration)
    if asked.coverage is None:
        return learnt
    if train.task == "classification":
        return replace(learnt, intervals=ClassSets.fit(unseen, train.target, train.weight))
    return _with_intervals(learnt, rows, train.target - unseen, n_parts, context)


def _score(task: Task, value: np.ndarray, scale: float) -> np.ndarray:
    """What is calibrated: the logarithm of the odds, or the value in units of what values usually are."""
    if task == "classification":
        # scipy's logarithm goes number by number, so a row alone has the bits it has in a batch.
        return np.clip(logit(np.clip(value, 0.0, 1.0)), -FARTHEST, FARTHEST)
    return value / scale


def _with_calibration(learnt: Certainty, train: Dataset, unseen: np.ndarray, kind: str) -> Certainty:
    scale = 1.0
    outcome, has_side = train.target, np.ones(len(train), bool)
    if train.task == "regression":
        scale = float(np.sqrt(np.average(unseen**2, weights=train.weight))) or 1.0
        outcome, has_side = (train.target > 0.0).astype(np.float64), train.target != 0.0
    score = _score(train.task, unseen, scale)
    calibration = fit_calibration(kind, score[has_side], outcome[has_side], train.weight[has_side])
    return replace(learnt, scale=scale, calibration=calibration)


def _with_intervals(
    learnt: Certainty, rows: Dataset, errors: np.ndarray, n_parts: int, context: FitContext
) -> Certainty:
    """Intervals that follow the difficulty of a row where that tells errors better than one width for all rows."""
    difficulty, unseen = fit_difficulty(rows, errors, n_parts, context)
    if not tells_errors(unseen, errors, rows.weight):
        difficulty, unseen = even_difficulty(len(rows.feature_names)), np.ones(len(rows))
    return replace(learnt, difficulty=difficulty, intervals=ResidualIntervals.fit(np.abs(errors) / unseen, rows.weight))


def _read(content: bytes) -> dict[str, np.ndarray]:
    try:
        arrays = read_tensors(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise ArtifactError(f"the model's {FILE} is missing or damaged ({error}); train the model again") from error
    for name, array in arrays.items():
        if array.dtype != np.float64 or not np.isfinite(array).all():
            raise ArtifactError(
                f"the model's {FILE} holds something else than finite numbers in '{name}'; train it again"
            )
    return dict(arrays)


def _scale_from(arrays: Mapping[str, np.ndarray]) -> float:
    scale = arrays.get("scale", np.zeros(0))
    if scale.shape != (1,) or not scale[0] > 0.0:
        raise ArtifactError(f"the model's {FILE} has no scale above zero; train the model again")
    return float(scale[0])
