"""What features of one call share, and how long it is kept."""

from __future__ import annotations

import gc
import weakref

import numpy as np
from fakes.bars import random_walk

from trimtab.features.catalogue import catalogue
from trimtab.features.context import Context
from trimtab.features.kernels.windows import window_sum


def counted(calls: list[int]):  # type: ignore[no-untyped-def]  # a function of one array
    def double(values: np.ndarray) -> np.ndarray:
        calls.append(len(values))
        return 2.0 * values

    return double


def test_a_shared_array_is_computed_once_and_is_the_same_object() -> None:
    calls: list[int] = []
    context, double = Context(random_walk(30)), counted(calls)
    first = context.of(double, "close")
    assert context.of(double, "close") is first
    assert calls == [30]
    assert context.of(window_sum, "close", 5) is not context.of(window_sum, "close", 6)


def test_an_array_is_dropped_with_its_last_expected_use_and_computed_again_if_asked_for_after_all() -> None:
    calls: list[int] = []
    double = counted(calls)
    context = Context(random_walk(30), uses={(double, "close"): 2})
    kept = weakref.ref(context.of(double, "close"))
    assert kept() is not None
    assert context.of(double, "close") is kept()
    assert kept() is None
    np.testing.assert_array_equal(context.of(double, "close"), 2.0 * context.close)
    assert len(calls) == 2


def test_the_arrays_of_a_pass_over_all_features_are_freed_without_the_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        context = Context(random_walk(400))
        with np.errstate(all="ignore"):
            for feature in catalogue().values():
                feature.values(context)
        seen = weakref.ref(context.close)
        del context
        assert seen() is None
    finally:
        gc.enable()


def test_one_bar_tells_how_often_every_array_of_a_long_history_is_asked_for() -> None:
    asked = []
    for n in (1, 700):
        context = Context(random_walk(n))
        with np.errstate(all="ignore"):
            for feature in catalogue().values():
                feature.values(context)
        asked.append(context.uses)
    assert asked[0] == asked[1]
