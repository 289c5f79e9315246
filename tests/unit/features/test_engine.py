"""The engine: one call, one block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.surroundings import surroundings_of

from trimtab.bars.schema import PRICES
from trimtab.errors import FeatureError, UnknownNameError
from trimtab.features import engine
from trimtab.features.catalogue import catalogue, described_features, feature, feature_sets, resolve
from trimtab.features.context import Context
from trimtab.features.engine import compute, fill
from trimtab.features.surroundings import NOTHING


def as_given(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(names)


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


def test_a_computation_may_hand_back_a_column_of_a_shared_table(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[np.ndarray] = []

    def table(values: np.ndarray) -> np.ndarray:
        made.append(np.asfortranarray(np.stack([values, 2.0 * values], axis=1)))
        return made[-1]

    @feature("example", "times_{n}", "{n} times the close.", formula="{n} close", n=(1, 2))
    def times(context: Context, n: int) -> np.ndarray:
        return context.of(table, "close")[:, n - 1]

    known = {each.name: each for each in described_features(times)}
    monkeypatch.setattr(engine, "catalogue", lambda: known)
    monkeypatch.setattr(engine, "resolve", as_given)
    bars = random_walk(30)
    block = compute(bars, ["times_1", "times_2"])
    np.testing.assert_array_equal(block.values, np.stack([bars.close, 2.0 * bars.close], axis=1))
    assert [len(each) for each in made] == [1, 30]  # one bar to count the uses, then once for both


@pytest.mark.parametrize("rows", [1, 7, 100])
def test_the_newest_rows_alone_are_those_of_the_whole(rows: int) -> None:
    bars, names = random_walk(100), resolve(sets=["technical"])
    newest = np.empty((rows, len(names)), order="F")
    fill(newest, range(len(names)), bars, names, NOTHING)
    np.testing.assert_array_equal(newest, compute(bars, names).values[-rows:])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, 1e-300, 0.0, -5.0])
def test_whatever_the_numbers_of_a_bar_nothing_that_comes_out_is_infinite(value: float) -> None:
    bars, rng = random_walk(500, seed=4), np.random.default_rng(1)
    for hit in (rng.random((5, 500)) < 0.02, np.ones((5, 500), dtype=bool)):
        columns = {name: np.where(hit[k], value, getattr(bars, name)) for k, name in enumerate((*PRICES, "volume"))}
        block = compute(replace(bars, **columns), tuple(catalogue()), surroundings=surroundings_of(bars))
        assert [name for name in block.names if np.isinf(block.column(name)).any()] == []


def test_a_bar_with_an_infinite_price_is_no_bar() -> None:
    bars = random_walk(100)
    close = bars.close.copy()
    close[50] = np.inf
    broken = compute(replace(bars, close=close), ["sma_distance_20"]).column("sma_distance_20")
    kept = np.delete(np.arange(100), 50)
    assert np.isnan(broken[50])
    np.testing.assert_array_equal(broken[kept], compute(bars.take(kept), ["sma_distance_20"]).values[:, 0])


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
