"""Leaks of labels, folds and samples are found where they are planted, and only there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.datasets import make_dataset
from fakes.samples import samples

from trimtab.bars import Bars
from trimtab.config.strategy import DatasetRules, Label
from trimtab.datasets.build import build_dataset
from trimtab.datasets.history import History
from trimtab.datasets.series_samples import SeriesSamples
from trimtab.features.engine import compute
from trimtab.labels import LabelBlock
from trimtab.labels.compute import compute_label
from trimtab.monitoring import leaks
from trimtab.monitoring.leaks import audit_folds, audit_label, audit_order, is_same_alone
from trimtab.validation.splitters import WalkForward

LABELS = [
    Label(kind="direction"),
    Label(kind="forward_return"),
    Label(kind="triple_barrier"),
    Label(kind="volatility_regime", memory=20),
]
UNCLEAR = Label(kind="direction", neutral_band=0.02)
NAMES = ("return_1", "rsi_14", "sma_distance_20")


@pytest.mark.parametrize("label", [*LABELS, UNCLEAR], ids=lambda label: label.kind)
@pytest.mark.parametrize("horizon", [1, 5])
def test_the_labels_there_are_see_no_further_than_they_say(label: Label, horizon: int) -> None:
    finding = audit_label(random_walk(300), label, horizon, seed=0)
    assert (finding.outcome, finding.future) == ("passed", None)
    assert finding.values_compared > 500
    assert all(canary.caught for canary in finding.canaries) and len(finding.canaries) == 2


def looks_too_far(bars: Bars, label: Label, horizon: int) -> LabelBlock:
    """A label that says it ends after `horizon` bars and looks at one more."""
    honest, further = compute_label(bars, label, horizon), compute_label(bars, label, horizon + 1)
    return replace(honest, value=further.value)


def ends_earlier_than_it_looks(bars: Bars, label: Label, horizon: int) -> LabelBlock:
    """A label whose value is honest and whose end is told one bar too early."""
    honest, nearer = compute_label(bars, label, horizon), compute_label(bars, label, horizon - 1)
    return replace(honest, label_end=nearer.label_end)


def knows_the_answer(bars: Bars, label: Label, horizon: int) -> LabelBlock:
    """A naive forecast that is the outcome itself."""
    honest = compute_label(bars, label, horizon)
    return replace(honest, baseline=honest.value)


def is_of_its_time(bars: Bars, label: Label, horizon: int) -> LabelBlock:
    """A label measured against the mean of all bars, also of those to come."""
    honest = compute_label(bars, label, horizon)
    return replace(honest, value=honest.value - np.nanmean(honest.value))


@pytest.mark.parametrize("cheat", [looks_too_far, ends_earlier_than_it_looks, knows_the_answer, is_of_its_time])
def test_a_label_or_naive_forecast_that_sees_further_is_caught(cheat: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "compute_label", cheat)
    finding = audit_label(random_walk(300), Label(kind="forward_return"), 5, seed=0)
    assert finding.outcome == "leaks"
    assert finding.future is not None


def decided_a_bar_too_late(bars: Bars, label: Label, horizon: int) -> LabelBlock:
    """A triple barrier that says it ended one bar before the bar that decided it."""
    honest = compute_label(bars, label, horizon)
    return replace(honest, label_end=honest.label_end - np.timedelta64(1, "D"))


def touched_by_tomorrow(bars: Bars, label: Label, horizon: int) -> LabelBlock:
    """A triple barrier whose bars have the highs and lows of the bar after them."""
    tomorrow = replace(bars, high=np.append(bars.high[1:], np.nan), low=np.append(bars.low[1:], np.nan))
    return compute_label(tomorrow, label, horizon)


@pytest.mark.parametrize("cheat", [looks_too_far, decided_a_bar_too_late, touched_by_tomorrow, knows_the_answer])
@pytest.mark.parametrize("horizon", [1, 8])
def test_a_triple_barrier_that_sees_further_is_caught(
    cheat: object, horizon: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaks, "compute_label", cheat)
    finding = audit_label(random_walk(300), Label(kind="triple_barrier"), horizon, seed=0)
    assert finding.outcome == "leaks"


def test_a_label_that_has_not_ended_before_any_cut_is_unchecked() -> None:
    assert audit_label(random_walk(30), Label(kind="volatility_regime", memory=200), 5, seed=0).outcome == "unchecked"
    assert audit_label(random_walk(3), Label(kind="forward_return"), 5, seed=0).outcome == "unchecked"


def test_an_audit_that_misses_a_planted_label_leak_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(leaks.CHEATS, "a leak nobody sees", compute_label)
    finding = audit_label(random_walk(300), Label(kind="direction"), 5, seed=0)
    assert finding.outcome == "unchecked"
    assert [canary.name for canary in finding.canaries if not canary.caught] == ["a leak nobody sees"]


def test_purged_folds_are_clean_and_a_fold_without_its_purge_is_named() -> None:
    dataset = make_dataset(n=600, horizon=5)
    folds = WalkForward().split(dataset)
    assert audit_folds(dataset, folds) == ()
    unpurged = replace(folds[1], train=np.arange(folds[1].test[0]))
    assert audit_folds(dataset, [folds[0], unpurged]) == (folds[1].name,)


def test_a_fold_that_trains_on_a_test_row_is_named() -> None:
    dataset = make_dataset(n=600, horizon=1)
    fold = WalkForward().split(dataset)[0]
    shared = replace(fold, train=np.append(fold.train, fold.test[-1]))
    assert audit_folds(dataset, [shared]) == (fold.name,)


def test_labels_that_look_into_their_own_bar_or_end_with_their_decision_are_counted() -> None:
    dataset = make_dataset(n=200)
    assert audit_order(dataset) == 0
    start, end = dataset.label_start.copy(), dataset.label_end.copy()
    start[3] = dataset.event_time[3]
    start[4] = dataset.decision_time[4] - np.timedelta64(1, "us")  # a bar that came late: its label began at its close
    end[[5, 6]] = dataset.decision_time[[5, 6]]
    assert audit_order(replace(dataset, label_start=start, label_end=end)) == 3


def test_a_label_of_any_horizon_is_counted_when_it_does_not_end_after_its_decision() -> None:
    dataset = make_dataset(n=200, further=(5,))
    assert audit_order(dataset) == 0
    end = dataset.by_horizon[1].label_end.copy()
    end[[3, 4]] = dataset.decision_time[[3, 4]]
    wrong = replace(dataset.by_horizon[1], label_end=end)
    assert audit_order(replace(dataset, by_horizon=(dataset.by_horizon[0], wrong))) == 2


def _samples(instrument: str, n: int, seed: int) -> SeriesSamples:
    bars = random_walk(n, seed=seed, instrument=instrument)
    return SeriesSamples(compute(bars, NAMES), (compute_label(bars, Label(kind="direction"), 2),))


def test_samples_are_the_same_beside_other_instruments_as_alone_in_any_order() -> None:
    parts = {"AAA": _samples("AAA", 300, 1), "BBB": _samples("BBB", 400, 2), "CCC": _samples("CCC", 60, 3)}
    for order in (("AAA", "BBB", "CCC"), ("CCC", "BBB", "AAA")):
        dataset = build_dataset([parts[name] for name in order])
        assert all(is_same_alone(dataset, name, parts[name]) for name in order)  # CCC has fewer samples than a dataset


def test_an_instrument_whose_features_depend_on_the_others_is_noticed() -> None:
    parts = [_samples("AAA", 300, 1), _samples("BBB", 400, 2)]
    dataset = build_dataset(parts)
    demeaned = np.asfortranarray(dataset.features - np.nanmean(dataset.features, axis=0))
    assert not is_same_alone(replace(dataset, features=demeaned), "AAA", parts[0])
    target = dataset.target.copy()
    target[np.flatnonzero(dataset.instrument == 1)[7]] = 1.0 - target[np.flatnonzero(dataset.instrument == 1)[7]]
    changed = replace(dataset, target=target)
    assert is_same_alone(changed, "AAA", parts[0])
    assert not is_same_alone(changed, "BBB", parts[1])
    assert not is_same_alone(dataset.take(np.arange(1, len(dataset))), "AAA", parts[0])  # a sample is lacking
    weight = dataset.weight.copy()
    weight[np.flatnonzero(dataset.instrument == 0)[0]] *= 1.001
    assert not is_same_alone(replace(dataset, weight=weight), "AAA", parts[0])


def test_horizons_weights_and_windows_are_compared_with_those_alone_too() -> None:
    rules = DatasetRules(recency_half_life=timedelta(days=60))
    parts = [samples("AAA", seed=1, further=(15,)), samples("BBB", seed=2, n=120, further=(15,))]
    dataset = build_dataset(parts, rules, with_history=True)
    for part in parts:  # BBB alone has fewer than a hundred labels over 15 bars
        assert is_same_alone(dataset, part.features.series.instrument_id, part, rules)
    long = dataset.by_horizon[1]
    flipped = np.where(dataset.instrument == 1, 1.0 - long.target, long.target)
    wrong = replace(dataset, by_horizon=(dataset.by_horizon[0], replace(long, target=flipped)))
    assert is_same_alone(wrong, "AAA", parts[0], rules) and not is_same_alone(wrong, "BBB", parts[1], rules)
    assert dataset.history is not None
    peeking = replace(dataset, history=History(dataset.history.features + 1e-9, dataset.history.first))
    assert not is_same_alone(peeking, "AAA", parts[0], rules)
    assert not is_same_alone(dataset, "AAA", parts[0])  # other rules give other weights
