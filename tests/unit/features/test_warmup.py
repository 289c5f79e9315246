"""Declared context is enough, and the check notices when it is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.surroundings import surroundings_of

from trimtab.errors import FeatureError, NotEnoughDataError
from trimtab.features import warmup
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import compute
from trimtab.features.memory import bars_remembered
from trimtab.features.warmup import TOLERANCE, bars_needed, check_warmup, compute_tail, differences, median_size


def test_the_newest_rows_need_only_their_context() -> None:
    bars, names = random_walk(6_000), tuple(catalogue())
    around = surroundings_of(bars)
    full = compute(bars, names, surroundings=around)
    tail = compute_tail(bars, names, 3, around)
    assert (tail.event_time == full.event_time[-3:]).all()
    assert tail.values.flags.f_contiguous
    wrong = [
        name
        for name in names
        if differences(tail.column(name), full.column(name)[-3:], median_size(full.column(name))).max() > TOLERANCE
    ]
    assert wrong == []


def test_older_bars_than_the_context_are_not_looked_at() -> None:
    bars = random_walk(600)
    spoilt = bars.close.copy()
    spoilt[: 600 - bars_needed(["ema_distance_20"], rows=2)] = np.nan
    one, other = (
        compute_tail(each, ["ema_distance_20"], rows=2).values for each in (bars, replace(bars, close=spoilt))
    )
    assert not np.isnan(one).any()
    assert one.tobytes() == other.tobytes()


def test_too_little_context_is_refused_and_the_feature_that_needs_most_is_named() -> None:
    needed = bars_needed(["return_1", "ema_distance_20", "sma_distance_20"], rows=2)
    bars = random_walk(needed)
    assert len(compute_tail(bars, ["return_1", "ema_distance_20"], rows=2)) == 2
    with pytest.raises(NotEnoughDataError, match=rf"'ema_distance_20' needs {needed} bars .* {needed - 1} were given"):
        compute_tail(bars.take(slice(1, None)), ["return_1", "ema_distance_20", "sma_distance_20"], rows=2)


def test_a_history_said_to_be_complete_is_enough_however_short() -> None:
    bars = random_walk(100)
    (value,) = compute_tail(bars, ["ema_distance_20"], complete_history=True).values[-1]
    assert value == compute(bars, ["ema_distance_20"]).values[-1]
    assert np.isnan(compute_tail(bars, ["ema_distance_200"], complete_history=True).values).all()


@pytest.mark.parametrize("rows", [0, -1, 11])
def test_more_rows_than_bars_or_none_are_refused(rows: int) -> None:
    with pytest.raises(NotEnoughDataError, match="has 10 bars"):
        compute_tail(random_walk(10), ["return_1"], rows=rows, complete_history=True)


def test_bars_out_of_order_are_refused() -> None:
    with pytest.raises(FeatureError, match="strictly increasing"):
        compute_tail(random_walk(50).take(np.arange(50)[::-1]), ["return_1"])


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


def test_the_check_gives_the_surroundings_to_short_and_long_history_alike() -> None:
    bars = random_walk(900)
    peers = [name for name in catalogue() if "peers" in catalogue()[name].needs and catalogue()[name].warmup < 700]
    if not peers:
        pytest.skip("the catalogue has no feature of peers")
    assert [each for each in check_warmup(peers, bars, 50, surroundings_of(bars)) if not each.holds] == []


def test_rounding_left_of_a_zero_is_no_size() -> None:
    assert median_size(np.array([np.nan, 1e-18, -3e-17, 0.0, 0.5])) == 0.5
    assert median_size(np.array([np.nan, 0.0])) == 0.0


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
