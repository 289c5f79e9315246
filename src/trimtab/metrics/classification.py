"""How well two classes are told apart; scikit-learn's definitions, for targets of 0.0 and 1.0.

`target` holds 0.0 or 1.0, `predicted` the class said (0.0 or 1.0), `probability` the probability
of class 1; all of shape (n,). Class 1 is the positive class.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trimtab.metrics.arrays import average_ranks, paired, share


def confusion_matrix(target: ArrayLike, predicted: ArrayLike) -> np.ndarray:
    """Counts as [[true negatives, false positives], [false negatives, true positives]], int64.

    >>> confusion_matrix([0, 0, 1, 1, 1], [0, 1, 1, 1, 0]).tolist()
    [[1, 1], [1, 2]]
    """
    truth, said = paired(target, predicted)
    cells = 2 * (truth > 0.5).astype(np.int64) + (said > 0.5)
    return np.bincount(cells, minlength=4).reshape(2, 2).astype(np.int64)


def accuracy(target: ArrayLike, predicted: ArrayLike) -> float:
    """Share of samples whose class was said right.

    >>> accuracy([0, 1, 1, 1], [0, 1, 1, 0])
    0.75
    """
    counts = confusion_matrix(target, predicted)
    return share(np.trace(counts), counts.sum())


def balanced_accuracy(target: ArrayLike, predicted: ArrayLike) -> float:
    """Mean recall of the classes that occur in the target, so a rare class counts as much.

    >>> balanced_accuracy([0, 1, 1, 1], [0, 1, 1, 0])
    0.8333333333333333
    """
    counts = confusion_matrix(target, predicted)
    occurrences = counts.sum(axis=1)
    present = occurrences > 0
    return share(float((np.diag(counts)[present] / occurrences[present]).sum()), int(present.sum()))


def precision(target: ArrayLike, predicted: ArrayLike) -> float:
    """Share of the samples called 1 that are 1; NaN when none was called 1 (scikit-learn says 0).

    >>> precision([0, 1, 1, 1], [1, 1, 1, 0])
    0.6666666666666666
    """
    (_, false_positives), (_, true_positives) = confusion_matrix(target, predicted)
    return share(true_positives, true_positives + false_positives)


def recall(target: ArrayLike, predicted: ArrayLike) -> float:
    """Share of the samples that are 1 and were called 1; NaN when none is 1.

    >>> recall([0, 1, 1, 1, 1], [1, 1, 1, 0, 1])
    0.75
    """
    _, (false_negatives, true_positives) = confusion_matrix(target, predicted)
    return share(true_positives, true_positives + false_negatives)


def f1(target: ArrayLike, predicted: ArrayLike) -> float:
    """Harmonic mean of precision and recall, 2TP / (2TP + FP + FN).

    >>> f1([0, 1, 1, 1], [1, 1, 1, 0])
    0.6666666666666666
    """
    (_, false_positives), (false_negatives, true_positives) = confusion_matrix(target, predicted)
    return share(2 * true_positives, 2 * true_positives + false_positives + false_negatives)


def matthews_corrcoef(target: ArrayLike, predicted: ArrayLike) -> float:
    """Correlation of the classes said with the true ones, -1 to 1; 0 is no better than chance however rare a class is.

    Matthews 1975. NaN when only one class was said or occurred (scikit-learn says 0).

    >>> round(matthews_corrcoef([0, 1, 1, 1], [0, 1, 1, 0]), 6)
    0.57735
    """
    (tn, fp), (fn, tp) = confusion_matrix(target, predicted).astype(np.float64)
    # Roots one by one: the product of four large counts leaves the range of exact numbers.
    return share(tp * tn - fp * fn, float(np.prod(np.sqrt([tp + fp, tp + fn, tn + fp, tn + fn]))))


def roc_auc(target: ArrayLike, probability: ArrayLike) -> float:
    """Probability that a random 1 is ranked above a random 0, ties counting half (Mann-Whitney).

    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    truth, said = paired(target, probability)
    ones = truth > 0.5
    n_ones, n_zeros = int(ones.sum()), int((~ones).sum())
    rank_sum = float(average_ranks(said)[ones].sum()) if len(said) else 0.0
    return share(rank_sum - n_ones * (n_ones + 1) / 2, n_ones * n_zeros)


def average_precision(target: ArrayLike, probability: ArrayLike) -> float:
    """Mean precision over the recalls reached as the threshold falls; the area under precision and recall, in steps.

    Samples of one probability are called together. A forecast without skill has the share of 1s. NaN when none is 1
    (scikit-learn says 0).

    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 6)
    0.833333
    """
    truth, said = paired(target, probability)
    order = np.argsort(-said, kind="stable")
    found = np.cumsum(truth[order] > 0.5)
    if not len(found) or not found[-1]:
        return float("nan")
    last = np.flatnonzero(np.r_[np.diff(said[order]) != 0.0, True])  # of every group of equal probabilities
    gained = np.diff(found[last], prepend=0)
    return float(gained @ (found[last] / (last + 1.0)) / found[-1])


def log_loss(target: ArrayLike, probability: ArrayLike) -> float:
    """Mean negative log-likelihood, natural logarithm; 0 is perfect, ln 2 is a fair coin.

    Probabilities are kept one float64 epsilon away from 0 and 1, as scikit-learn does.

    >>> round(log_loss([1, 0], [0.5, 0.5]), 6)
    0.693147
    """
    truth, said = paired(target, probability)
    epsilon = np.finfo(np.float64).eps
    said = np.clip(said, epsilon, 1.0 - epsilon)
    return share(-float((truth * np.log(said) + (1.0 - truth) * np.log1p(-said)).sum()), len(truth))


def brier_score(target: ArrayLike, probability: ArrayLike) -> float:
    """Mean squared distance between probability and outcome; 0.25 is a fair coin.

    >>> brier_score([1, 0], [0.5, 0.5])
    0.25
    """
    truth, said = paired(target, probability)
    return share(float(((truth - said) ** 2).sum()), len(truth))
