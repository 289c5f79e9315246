"""The engine: one call, one block."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.errors import FeatureError, UnknownNameError
from trimtab.features.catalogue import catalogue, feature, feature_sets, resolve
from trimtab.features.engine import compute


def test_columns_stand_in_the_order_asked_for_and_each_is_contiguous() -> None:
    block = compute(random_walk(100), ["rsi_14", "return_1"])
    assert block.names == ("rsi_14", "return_1")
    assert block.values.flags.f_contiguous
    assert block.column("return_1") is not None
    assert np.nanmax(block.column("rsi_14")) > 1.0 > np.nanmax(block.column("return_1"))


def test_a_feature_alone_has_the_bits_it_has_among_all() -> None:
    bars, everything = random_walk(400), tuple(catalogue())
    together = compute(bars, everything)
    for name in everything:
        assert compute(bars, [name]).values.tobytes() == together.column(name).tobytes(), name


def test_known_time_passes_through_and_changes_no_value() -> None:
    bars = random_walk(100)
    late = replace(bars, known_time=bars.known_time + np.timedelta64(3_600_000_000, "us"))
    one, other = (compute(each, ["rsi_14"]) for each in (bars, late))
    assert (other.known_time == late.known_time).all()
    assert one.values.tobytes() == other.values.tobytes()


def test_a_smaller_type_is_the_rounded_value() -> None:
    bars = random_walk(100)
    small = compute(bars, ["rsi_14"], dtype=np.float32).values
    assert small.dtype == np.float32
    np.testing.assert_array_equal(small, compute(bars, ["rsi_14"]).values.astype(np.float32))


def test_features_are_computed_on_adjusted_prices() -> None:
    bars = random_walk(60)
    half = np.where(np.arange(60) < 30, 0.5, 1.0)
    split = replace(bars, factor=half, **{n: getattr(bars, n) / half for n in ("open", "high", "low", "close")})
    np.testing.assert_allclose(compute(split, ["return_1"]).values, compute(bars, ["return_1"]).values, rtol=1e-12)


@pytest.mark.parametrize("disorder", [np.arange(50)[::-1], np.repeat(np.arange(25), 2)])
def test_bars_out_of_order_or_twice_are_refused(disorder: np.ndarray) -> None:
    with pytest.raises(FeatureError, match="strictly increasing"):
        compute(random_walk(50).take(disorder), ["rsi_14"])


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown feature 'rsi_15'.*did you mean"):
        compute(random_walk(50), ["rsi_15"])
    with pytest.raises(UnknownNameError, match="unknown feature set 'techncal'; did you mean 'technical'"):
        resolve(sets=["techncal"])


def test_sets_and_names_resolve_once_each_in_order() -> None:
    names = resolve(sets=["market_state", "all"], names=["rsi_14"])
    assert names[: len(feature_sets()["market_state"])] == feature_sets()["market_state"]
    assert sorted(names) == sorted(catalogue())


def test_parameters_of_a_feature_run_side_by_side_or_not_at_all() -> None:
    with pytest.raises(ValueError, match="zip"):
        feature("x", "a_{fast}_{slow}", "x", formula="x", fast=(1, 2), slow=(3,))(lambda c, fast, slow: c.close)
