"""Labels in other places: permuted with their cross-sections, or moved along time; what canaries train on.

Only labels move: features, times and label intervals stay where they are, so that every cut and purge is the
same as before. A row that lacks the label of one of its horizons keeps its labels.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.schema import HorizonLabels

DRAWN_AT_ONCE = 500_000  # places of labels: 12 MB with what is looked up there
ALONE = 10  # decision times with the same instruments; of fewer, each instrument's labels move on their own


def with_labels_of(dataset: Dataset, source: np.ndarray) -> Dataset:
    """The same samples, each with the labels of another: row i gets those of row `source[i]`."""

    def moved(labels: HorizonLabels) -> HorizonLabels:
        return replace(labels, target=labels.target[source], weight=labels.weight[source])

    return replace(
        dataset, target=dataset.target[source], by_horizon=tuple(moved(labels) for labels in dataset.by_horizon)
    )


def with_planted(dataset: Dataset, values: np.ndarray, name: str) -> Dataset:
    """The same samples with one more feature; in the history it is known at the bars that are samples."""
    features = np.asfortranarray(np.column_stack([dataset.features, values]))
    history = dataset.history
    if history is not None and dataset.position is not None:
        column = np.full((len(history.features), 1), np.nan)
        column[dataset.position, 0] = values
        before = None if history.before is None else np.append(history.before, np.nan)
        history = replace(history, features=np.hstack([history.features, column]), before=before)
    return replace(dataset, features=features, feature_names=(*dataset.feature_names, name), history=history)


def exchangeable(dataset: Dataset) -> list[np.ndarray]:
    """Rows whose labels may change places: arrays (n_times, n_instruments), each row of them one cross-section.

    Cross-sections change places with those of the very same instruments. Where fewer than 10 times have the same
    instruments, the labels of each instrument move on their own: arrays (n_rows, 1).
    """
    rows = np.flatnonzero(_is_known(dataset))
    _, start = np.unique(dataset.decision_time[rows], return_index=True)
    sections: dict[bytes, list[np.ndarray]] = {}
    for section in np.split(rows, start[1:]):
        sections.setdefault(dataset.instrument[section].tobytes(), []).append(section)
    together = [np.stack(each) for each in sections.values() if len(each) >= ALONE]
    alone = [section for each in sections.values() if len(each) < ALONE for section in each]
    loose = np.sort(np.concatenate(alone)) if alone else np.empty(0, np.int64)
    singly = [loose[dataset.instrument[loose] == code][:, None] for code in np.unique(dataset.instrument[loose])]
    return [*together, *singly]


def permuted(cells: list[np.ndarray], n_rows: int, n: int, random: np.random.Generator) -> np.ndarray:
    """`n` orders of `n_rows` rows in which the cross-sections of each cell array changed places; int32, (n, n_rows).

    >>> permuted([np.array([[0, 1], [2, 3]])], 4, 1, np.random.default_rng(3)).tolist()
    [[2, 3, 0, 1]]
    """
    orders = np.tile(np.arange(n_rows, dtype=np.int32), (n, 1))
    for rows in cells:
        places = random.permuted(np.tile(np.arange(len(rows)), (n, 1)), axis=1)
        for column in rows.T:
            orders[:, column] = column[places]
    return orders


def reordered_products(
    cells: list[np.ndarray], label: np.ndarray, weight: np.ndarray, n: int, random: np.random.Generator
) -> np.ndarray:
    """`label[order] @ weight` for the `n` orders that `permuted` draws from the same `random`; shape (n,).

    The orders are drawn some at a time, so that what is held does not grow with their number.

    >>> cells, label, weight = [np.array([[0], [1], [2]])], np.array([1.0, 2.0, 4.0]), np.array([1.0, 0.0, -1.0])
    >>> found = reordered_products(cells, label, weight, 5, np.random.default_rng(0))
    >>> found.tolist() == (label[permuted(cells, 3, 5, np.random.default_rng(0))] @ weight).tolist()
    True
    """
    fixed = np.ones(len(label), bool)
    found = np.zeros(n)
    for rows in cells:
        fixed[rows] = False
        at_once = max(1, DRAWN_AT_ONCE // len(rows))
        for start in range(0, n, at_once):
            part = slice(start, min(start + at_once, n))
            places = random.permuted(np.tile(np.arange(len(rows)), (part.stop - start, 1)), axis=1)
            for column in rows.T:
                found[part] += label[column][places] @ weight[column]
    return found + float(label[fixed] @ weight[fixed])


def within(cells: list[np.ndarray], rows: np.ndarray) -> list[np.ndarray]:
    """The cross-sections that lie wholly within some rows (increasing), as positions among these."""
    kept = [each[np.isin(each, rows).all(axis=1)] for each in cells]
    return [np.searchsorted(rows, each) for each in kept if len(each)]


def shifted(dataset: Dataset, n_bars: int, instruments: np.ndarray | None = None) -> np.ndarray:
    """For every row the row whose labels it gets: `n_bars` samples later of its instrument, around the end; (n,).

    Instruments whose code is not among `instruments` (None: all) keep their labels.
    """
    source, known = np.arange(len(dataset)), _is_known(dataset)
    for code in np.unique(dataset.instrument) if instruments is None else instruments:
        own = np.flatnonzero(known & (dataset.instrument == code))
        source[own] = np.roll(own, -n_bars)
    return source


def lengths(dataset: Dataset) -> np.ndarray:
    """How many labels of each instrument `shifted` can move, by code; shape (n_instruments,)."""
    return np.bincount(dataset.instrument[_is_known(dataset)], minlength=len(dataset.instruments))


def _is_known(dataset: Dataset) -> np.ndarray:
    """Where every horizon has a label."""
    targets = [dataset.target, *(labels.target for labels in dataset.by_horizon)]
    known: np.ndarray = ~np.isnan(np.stack(targets)).any(axis=0)
    return known
