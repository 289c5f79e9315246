from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from fakes.datasets import DAY, make_dataset
from fakes.forecasters import FirstFeatureForecaster

from trimtab.datasets import Dataset
from trimtab.models.conformal import AdaptiveCoverage
from trimtab.models.protocol import Forecast
from trimtab.validation.adaptive import adaptive_intervals, adjustable


@dataclass
class LevelAsWidth:
    """Gives the level it is asked for as the width, and remembers it."""

    coverage: float | None = 0.9
    asked: list[float] = field(default_factory=list)

    def at_coverage(self, forecast: Forecast, coverage: float) -> tuple[np.ndarray, np.ndarray]:
        self.asked.append(coverage)
        return forecast.value - coverage, forecast.value + coverage


def judged(samples: Dataset, model: LevelAsWidth | None = None) -> list[float]:
    """The levels in force, one per decision time, of forecasts of zero."""
    model = model or LevelAsWidth()
    zero, ones = np.zeros(len(samples)), np.ones(len(samples))
    rows, fold = np.arange(len(samples)), np.zeros(len(samples), np.int32)
    adaptive_intervals(samples, rows, Forecast(zero, low=-ones, high=ones), fold, [model])
    return model.asked


def single(n: int = 60, horizon: int = 1, target: float = 0.0) -> Dataset:
    dataset = make_dataset(n, task="regression", instruments=("AAA",), horizon=horizon)
    return replace(dataset, target=np.full(n, target))


@pytest.mark.parametrize("horizon", [1, 5])
def test_an_outcome_moves_no_level_before_it_is_known(horizon: int) -> None:
    """One outcome is planted outside; levels may differ only from the decision on at which its label has ended."""
    quiet, planted = single(horizon=horizon), 20
    loud = replace(quiet, target=np.where(np.arange(60) == planted, 99.0, 0.0))
    before, after = judged(quiet), judged(loud)
    first = next(i for i, (one, other) in enumerate(zip(before, after, strict=True)) if one != other)
    assert first == planted + horizon
    assert quiet.decision_time[first] == quiet.label_end[planted]


def test_the_level_is_that_of_the_rule_applied_by_hand() -> None:
    samples = replace(single(), target=np.random.default_rng(0).normal(size=60))
    asked = judged(samples)
    adaptive = AdaptiveCoverage(alpha=0.1)
    for i, level in enumerate(asked):
        if i >= 1:  # yesterday's label ends at today's decision
            adaptive.update(covered=abs(samples.target[i - 1]) <= asked[i - 1])
        assert level == pytest.approx(adaptive.level, abs=1e-12)


def test_an_outcome_known_before_its_interval_was_made_moves_no_level() -> None:
    samples, early = single(target=0.0), 20
    end = samples.label_end.copy()
    end[early] = samples.decision_time[early]
    asked = judged(replace(samples, label_end=end))
    adaptive = AdaptiveCoverage(alpha=0.1)
    for i, level in enumerate(asked):
        if i >= 1 and i - 1 != early:
            adaptive.update(covered=True)
        assert level == pytest.approx(adaptive.level, abs=1e-12)


def test_outcomes_of_one_time_move_the_level_once() -> None:
    samples = replace(make_dataset(40, task="regression"), target=np.where(np.arange(40) % 2 == 0, 0.0, 99.0))
    assert judged(samples)[1] == pytest.approx(0.9 + 0.01 * (0.5 - 0.1))  # half covered, 90 % asked for


def test_a_later_fold_goes_on_where_the_earlier_one_left_off() -> None:
    samples, models = single(target=99.0), [LevelAsWidth(), LevelAsWidth()]
    fold = (np.arange(60) >= 30).astype(np.int32)
    ones = np.ones(60)
    adaptive_intervals(samples, np.arange(60), Forecast(np.zeros(60), low=-ones, high=ones), fold, models)
    levels = models[0].asked + models[1].asked
    assert (len(models[0].asked), len(models[1].asked)) == (30, 30)
    assert (np.diff(levels[:10]) >= 0).all() and models[1].asked[0] > 0.9


def test_a_label_that_takes_longer_than_the_next_decision_is_waited_for() -> None:
    samples = single(horizon=1, target=99.0)
    late = replace(samples, label_end=samples.label_end + 3 * DAY)
    assert judged(late)[3] == 0.9 < judged(late)[4]


def test_models_without_intervals_at_other_levels_have_no_adaptive_ones() -> None:
    samples, ones, rows, fold = single(), np.ones(60), np.arange(60), np.zeros(60, np.int32)
    said = Forecast(np.zeros(60), low=-ones, high=ones)
    for model in (LevelAsWidth(coverage=None), FirstFeatureForecaster(samples.feature_names)):
        assert adjustable(model) is None
    able = adjustable(LevelAsWidth())
    assert adaptive_intervals(samples, rows, said, fold, [None]) is None
    assert adaptive_intervals(samples, rows, said, fold, [able, None]) is None
    assert adaptive_intervals(samples, rows, Forecast(np.zeros(60)), fold, [able]) is None
    assert adaptive_intervals(samples, rows, said, fold, [able]) is not None
