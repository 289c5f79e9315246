"""Declared context is enough, and the check notices when it is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.errors import NotEnoughDataError
from trimtab.features import warmup
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import compute
from trimtab.features.memory import bars_remembered
from trimtab.features.warmup import bars_needed, check_warmup, compute_tail


def test_the_newest_rows_need_only_their_context() -> None:
    bars, names = random_walk(3600), tuple(catalogue())
    tail, full = compute_tail(bars, names, rows=3), compute(bars, names)
    assert (tail.event_time == full.event_time[-3:]).all()
    size = np.nanmedian(np.abs(full.values), axis=0)
    assert (np.abs(tail.values - full.values[-3:]) <= 1e-9 * np.maximum(size, np.abs(full.values[-3:]))).all()
    assert bars_needed(names) < 3000


def test_a_short_history_is_used_whole() -> None:
    bars = random_walk(100)
    assert compute_tail(bars, ["ema_distance_20"]).values[-1] == compute(bars, ["ema_distance_20"]).values[-1]


def test_more_rows_than_bars_are_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="has 10 bars"):
        compute_tail(random_walk(10), ["return_1"], rows=11)


def test_a_warmup_declared_too_short_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = catalogue()["ema_distance_20"]
    wrong = {**catalogue(), honest.name: replace(honest, warmup=40)}
    monkeypatch.setattr(warmup, "catalogue", lambda: wrong)
    (finding,) = check_warmup([honest.name], random_walk(1000))
    assert not finding.holds
    assert finding.difference > 1e-6


def test_too_short_a_history_proves_nothing() -> None:
    (finding,) = check_warmup(["ema_distance_200"], random_walk(500))
    assert np.isnan(finding.difference) and not finding.holds


@pytest.mark.parametrize("passes", [1, 2, 3])
def test_memory_is_where_the_weights_of_stacked_means_end(passes: int) -> None:
    weight, n = 0.2, 400
    weights = np.zeros(n)
    weights[0] = 1.0
    for _ in range(passes):
        kernel = weight * (1 - weight) ** np.arange(n)
        weights = np.convolve(weights, kernel)[:n]
    older = 1.0 - np.cumsum(weights)
    assert abs(bars_remembered(weight, passes) - (int(np.argmax(older < 1e-12)) + 1)) <= 1
