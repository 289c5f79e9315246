"""A pattern is learnt that a linear model cannot learn; what trains is drawn honestly; the same seed, the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from trimtab.errors import ConfigurationError
from trimtab.models.candlestick_network.comparison import Comparison
from trimtab.models.candlestick_network.network import CandlestickNetwork, Shape
from trimtab.models.candlestick_network.patterns import PATTERNS
from trimtab.models.candlestick_network.split import Split
from trimtab.models.candlestick_network.stored import network_files
from trimtab.models.candlestick_network.training import (
    FEW,
    LARGEST_CLASS_WEIGHT,
    PLAIN_THRESHOLD,
    LabelledWindows,
    Plan,
    choose_thresholds,
    class_weights,
    sample,
    train_network,
)
from trimtab.models.candlestick_network.windows import Windows, normalised
from trimtab.models.protocol import FitContext

DOJI = PATTERNS.index("doji")
TINY = Plan(Shape(4, 3, 8), replace(FEW, epochs=1), most_windows=300)


class Steps:
    """Counts what a training tells."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int | None]] = []

    def step(self, number: int, total: int | None, values: Mapping[str, float]) -> None:
        self.told.append((number, total))


def test_doji_is_learnt_on_instruments_and_days_not_seen_and_a_linear_model_learns_nothing(made: Comparison) -> None:
    ours, linear = made.network.scores[DOJI], made.linear.scores[DOJI]
    assert ours.cases >= 60
    assert ours.average_precision > 0.9
    assert linear.average_precision < 1.5 * ours.base_rate


def test_probabilities_are_those_of_the_market_although_rare_patterns_count_more(
    windows: Windows, split: Split
) -> None:
    # Labels that nothing can tell: the best a model can say is their share, not what their weight makes of it.
    labels = np.random.default_rng(4).random(windows.labels.shape) < 0.04
    chance = replace(windows, labels=labels)
    drawn = sample(chance, split.training(chance), 2000, seed=0)
    plan = replace(TINY, settings=replace(FEW, epochs=6, learning_rate=1e-2))
    network = train_network(chance, split, plan, drawn, FitContext(0, 1, "cpu"))
    said = network.probabilities_of(chance.take(split.unseen(chance))).mean(axis=0)
    assert class_weights(labels, np.ones(len(labels))).min() > 4.0
    assert said.mean() == pytest.approx(0.04, rel=0.25)


def test_thresholds_come_from_the_validation_windows_alone(made: Comparison, windows: Windows, split: Split) -> None:
    judged = windows.take(split.validation(windows))
    said = made.model.probabilities_of(judged)[:, DOJI]
    label, limits = judged.labels[:, DOJI], np.unique(said)
    by_hand = [2.0 * (label & (said >= limit)).sum() / ((said >= limit).sum() + label.sum()) for limit in limits]
    assert f1_score(label, said >= made.model.thresholds[DOJI]) == pytest.approx(max(by_hand), abs=1e-12)
    rare = judged.labels.sum(axis=0) < 10
    assert rare.any()
    assert (made.model.thresholds[rare] == PLAIN_THRESHOLD).all()


def test_bars_outside_training_and_validation_change_no_byte(windows: Windows, split: Split) -> None:
    used = np.concatenate([split.training(windows), split.validation(windows)])
    touched = (windows.last[used][:, None] - np.arange(20)).ravel()
    bars = np.random.default_rng(0).uniform(1.0, 2.0, windows.bars.shape)
    bars[touched] = windows.bars[touched]
    labels = ~windows.labels
    labels[used] = windows.labels[used]
    first = network_files(_trained(windows, split))
    assert network_files(_trained(replace(windows, bars=bars, labels=labels), split)) == first


def test_the_same_seed_gives_the_same_bytes_on_any_number_of_threads(windows: Windows, split: Split) -> None:
    first = network_files(_trained(windows, split, n_threads=1))
    assert network_files(_trained(windows, split, n_threads=2)) == first
    assert network_files(_trained(windows, split, seed=2)) != first


def test_every_epoch_is_told(windows: Windows, split: Split) -> None:
    steps = Steps()
    plan = replace(TINY, settings=replace(FEW, epochs=2))
    drawn = sample(windows, split.training(windows), 300, seed=0)
    train_network(windows, split, plan, drawn, FitContext(0, 1, "cpu", watch=steps))
    assert steps.told == [(1, 2), (2, 2)]


def test_a_batch_holds_the_windows_of_its_rows(windows: Windows) -> None:
    rows = np.array([5, 900, 40])
    inputs, labels, weight = LabelledWindows(windows, rows, np.array([1.0, 2.0, 3.0])).rows(np.array([2, 0]))
    assert np.array_equal(inputs.numpy(), normalised(windows.cut(np.array([40, 5]))))
    assert np.array_equal(labels.numpy() == 1.0, windows.labels[[40, 5]])
    assert weight.tolist() == [3.0, 1.0]


def test_every_window_with_a_rare_pattern_is_drawn_and_the_others_stand_for_all(windows: Windows) -> None:
    rows = np.arange(len(windows))
    drawn = sample(windows, rows, 800, seed=3)
    counts = windows.labels.sum(axis=0)
    rare = windows.labels[:, (counts > 0) & (counts < 40)].any(axis=1)
    assert rare.any()
    assert np.isin(np.flatnonzero(rare), drawn.rows).all()
    assert len(drawn.rows) == len(np.unique(drawn.rows)) == 800
    assert drawn.weight.mean() == pytest.approx(1.0)
    # What the weights estimate: the share of windows with a doji, which are not all drawn.
    share = (windows.labels[drawn.rows, DOJI] * drawn.weight).mean()
    assert share == pytest.approx(windows.labels[:, DOJI].mean(), abs=0.04)


def test_few_windows_are_all_taken(windows: Windows) -> None:
    drawn = sample(windows, np.arange(100), 100, seed=0)
    assert drawn.rows.tolist() == list(range(100))
    assert (drawn.weight == 1.0).all()


def test_the_weight_of_a_class_is_bounded_and_a_pattern_without_a_case_has_none() -> None:
    labels = np.zeros((10_000, 3), bool)
    labels[:1, 0] = True
    labels[:6000, 1] = True
    assert class_weights(labels, np.ones(10_000)).tolist() == [LARGEST_CLASS_WEIGHT, 1.0, 1.0]


def test_a_threshold_of_few_cases_is_one_half() -> None:
    labels = np.zeros((50, 2), bool)
    labels[:9, 0] = labels[:10, 1] = True
    said = np.where(labels, 0.3, 0.1)
    assert choose_thresholds(labels, said).tolist() == [0.5, 0.3]


def test_a_plan_without_windows_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="most_windows"):
        Plan(most_windows=0)


def _trained(windows: Windows, split: Split, seed: int = 1, n_threads: int = 1) -> CandlestickNetwork:
    drawn = sample(windows, split.training(windows), TINY.most_windows, seed)
    return train_network(windows, split, TINY, drawn, FitContext(seed, n_threads, "cpu"))
