"""Alpha158 against Qlib's own numbers, against a slow second version, and at its edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from fakes.alpha158_oracle import alpha158
from fakes.bars import bars_from_closes, random_walk

from trimtab.bars import Bars
from trimtab.features.alpha158.family import STILL
from trimtab.features.catalogue import catalogue, declared_features, feature_sets
from trimtab.features.engine import compute
from trimtab.features.kernels.regression import nested_correlations
from trimtab.features.leaks import certify
from trimtab.market import Series, Timeframe

NAMES = feature_sets()["alpha158"]
OF_CHANGES = ("ROC", "CORD", "CNTP", "CNTN", "CNTD", "SUMP", "SUMN", "SUMD", "WVMA", "VSUMP", "VSUMN", "VSUMD")


def kind_of(name: str) -> str:
    """The name without its window; the first 13 have none."""
    return name if name in NAMES[:13] else name.rstrip("0123456789")


def still(n: int, price: float, volume: float) -> Bars:
    flat = np.full(n, price)
    return replace(random_walk(n), open=flat, high=flat, low=flat, close=flat, volume=np.full(n, volume))


def with_ties(n: int) -> Bars:
    """Prices in whole units, so that closes, highs and lows repeat."""
    bars = random_walk(n, seed=4)
    rounded = {name: np.round(getattr(bars, name)) for name in ("open", "close")}
    return replace(bars, **rounded, high=np.ceil(bars.high), low=np.floor(bars.low))


def with_empty_bars(n: int) -> Bars:
    bars = random_walk(n, seed=5)
    return replace(bars, volume=np.where(np.random.default_rng(2).random(n) < 0.4, 0.0, bars.volume))


def priced_at(level: float, n: int) -> Bars:
    bars = random_walk(n, seed=6)
    return replace(bars, **{name: getattr(bars, name) * level / 100.0 for name in ("open", "high", "low", "close")})


def moved_once(n: int) -> Bars:
    """One price, then another: a single bar holds all the movement of its windows."""
    bars = bars_from_closes([100.0] * (n // 2) + [107.0] * (n - n // 2))
    return replace(bars, volume=np.full(n, 1e9))


HARD = {
    "a random walk": random_walk(150, seed=1),
    "prices that repeat": with_ties(150),
    "bars without volume": with_empty_bars(150),
    "a market that stands still": still(90, 12.34, 500.0),
    "a market that stands still without volume": still(90, 12.34, 0.0),
    "one move in a market that stands still": moved_once(150),
    "prices near 0.00001": priced_at(1e-5, 100),
    "prices near 0.001, whose deviations straddle Qlib's limit": priced_at(2e-3, 150),
    "prices near a million": priced_at(1e6, 100),
}


def test_the_names_and_their_order_are_those_of_qlib() -> None:
    assert len(NAMES) == 158
    assert tuple(alpha158(random_walk(3))) == NAMES


@pytest.mark.parametrize("market", HARD)
def test_every_column_equals_the_slow_version(market: str) -> None:
    bars = HARD[market]
    block, expected = compute(bars, NAMES), alpha158(bars)
    for name in NAMES:
        # A residual or a straight run differs by the rounding of the price, not of itself.
        np.testing.assert_allclose(block.column(name), expected[name], rtol=1e-7, atol=1e-10, err_msg=name)


def test_a_few_hand_made_bars_give_the_numbers_of_a_pencil() -> None:
    bars = bars_from_closes([10.0, 12.0, 11.0, 11.0])
    bars = replace(bars, volume=np.array([4.0, 1.0, 3.0, 0.0]))
    expected = {
        "KMID": [0.0, 0.2, -1 / 12, 0.0],
        "ROC5": [np.nan] * 4,
        "MA5": [1.0, 11 / 12, 1.0, 1.0],
        "BETA5": [np.nan, 2 / 12, 0.5 / 11, 0.2 / 11],
        "RANK5": [1.0, 1.0, 2 / 3, 2.5 / 4],
        "IMAX5": [0.2, 0.4, 0.4, 0.4],
        "IMIN5": [0.2, 0.2, 0.2, 0.2],
        "CNTP5": [0.0, 1 / 2, 1 / 3, 1 / 4],
        "CNTD5": [0.0, 1 / 2, 0.0, 0.0],
        "SUMP5": [np.nan, 1.0, 2 / 3, 2 / 3],
        "SUMD5": [np.nan, 1.0, 1 / 3, 1 / 3],
        "VMA5": [1.0, 2.5, 8 / 9, 2e12],
        "VSUMD5": [np.nan, -1.0, -1 / 5, -4 / 8],
    }
    block = compute(bars, tuple(expected))
    for name, values in expected.items():
        np.testing.assert_allclose(block.column(name), values, rtol=1e-9, atol=1e-12, err_msg=name)


def test_a_bar_after_one_without_volume_is_left_out_of_the_correlation_of_changes() -> None:
    bars = with_empty_bars(80)
    found = compute(bars, ["CORD20"]).column("CORD20")[60]
    rows = np.array([i for i in range(41, 61) if bars.volume[i - 1] > 0.0])
    assert 2 < len(rows) < 20
    price, volume = bars.close[rows] / bars.close[rows - 1], np.log(bars.volume[rows] / bars.volume[rows - 1] + 1.0)
    assert found == pytest.approx(np.corrcoef(price, volume)[0, 1], rel=1e-4)  # Qlib's steps are in float32


def test_tiny_prices_have_no_r_squared_and_no_correlation_as_in_qlib() -> None:
    block = compute(priced_at(1e-5, 200), NAMES)
    unknown = {kind_of(name) for name in NAMES if np.isnan(block.column(name)).all()}
    assert unknown == {"RSQR", "CORR"}
    assert all(catalogue()[name].unknown_when for name in NAMES if kind_of(name) in {"RSQR", "CORR", "CORD"})


def kinds_that_change(one: Bars, other: Bars) -> set[str]:
    """The kinds of which some value or its absence differs by more than rounding."""
    a, b = compute(one, NAMES).values, compute(other, NAMES).values
    size = np.nanmedian(np.abs(a), axis=0)
    same = np.abs(a - b) <= 1e-9 * np.maximum(np.abs(a), size)
    same |= np.isnan(a) & np.isnan(b)
    return {kind_of(name) for name, equal in zip(NAMES, same.all(axis=0), strict=True) if not equal}


def test_qlibs_two_constants_alone_depend_on_the_unit_of_price() -> None:
    cheap, dear = priced_at(0.003, 400), priced_at(300.0, 400)
    padded = {"KMID2", "KUP2", "KLOW2", "KSFT2", "RSV", "SUMP", "SUMN", "SUMD"}
    assert kinds_that_change(dear, replace(dear, factor=dear.factor * 4.0, volume=dear.volume * 4.0)) == set()
    assert kinds_that_change(cheap, replace(cheap, factor=cheap.factor / 4.0, volume=cheap.volume / 4.0)) == {
        "RSQR", "CORR", *padded,
    }  # fmt: skip


def test_the_unit_of_volume_counts_in_its_logarithm_in_float32_and_in_bars_without_volume() -> None:
    bars = random_walk(300)
    assert kinds_that_change(bars, replace(bars, volume=bars.volume * 1024.0)) == {"CORR"}
    other_digits = kinds_that_change(bars, replace(bars, volume=bars.volume * 1000.0))
    assert {"CORR", "WVMA"} <= other_digits <= {"CORR", "CORD", "WVMA"}
    bars = with_empty_bars(300)
    assert kinds_that_change(bars, replace(bars, volume=bars.volume * 1024.0)) == {"CORR", "VMA", "VSTD"}


@pytest.mark.parametrize("market", HARD)
def test_values_are_finite_within_bounds_and_known_after_the_lookback_unless_it_is_said(market: str) -> None:
    block = compute(HARD[market], NAMES)
    assert not np.isinf(block.values).any()
    for name in NAMES:
        feature, values = catalogue()[name], block.column(name)
        known, (low, high) = values[~np.isnan(values)], feature.bounds
        assert np.isnan(values[: feature.lookback]).all(), name
        assert feature.unknown_when or not np.isnan(values[feature.lookback :]).any(), name
        assert low is None or (known >= low).all(), name
        assert high is None or (known <= high).all(), name


def test_sixty_one_bars_give_the_bits_of_a_long_history() -> None:
    bars = random_walk(400, seed=9)
    full = compute(bars, NAMES).values
    for end in (61, 200, 333, 400):
        short = compute(bars.take(slice(end - 61, end)), NAMES).values
        np.testing.assert_array_equal(short[-1], full[end - 1])


def test_sixty_bars_are_one_too_few_for_the_windows_of_sixty_changes() -> None:
    bars = random_walk(400, seed=9)
    full = compute(bars, NAMES).values
    differs = np.zeros(len(NAMES), bool)
    for end in range(100, 400, 7):
        short = compute(bars.take(slice(end - 60, end)), NAMES).values[-1]
        differs |= ~((short == full[end - 1]) | (np.isnan(short) & np.isnan(full[end - 1])))
    assert {name for name, found in zip(NAMES, differs, strict=True) if found} == {f"{kind}60" for kind in OF_CHANGES}


def test_each_declares_the_bars_its_window_reads() -> None:
    for name in NAMES[13:]:
        kind, n = kind_of(name), int(name[len(kind_of(name)) :])
        assert declared_features()[name].warmup == (n if kind in OF_CHANGES else n - 1), name


@pytest.mark.parametrize("n", [1, 2, 3, 5, 6, 10, 30, 59, 60, 61, 70, 130])
def test_the_past_keeps_its_bits_when_the_future_is_cut_off(n: int) -> None:
    bars = with_empty_bars(150)
    np.testing.assert_array_equal(compute(bars.take(slice(0, n)), NAMES).values, compute(bars, NAMES).values[:n])


def test_the_certificate_finds_no_leak() -> None:
    assert certify(NAMES, random_walk(300, seed=3), cuts=4, seed=2).passed


def test_a_single_feature_equals_its_column_of_the_family() -> None:
    bars = random_walk(100)
    block = compute(bars, NAMES)
    for name in ("STD20", "MIN5", "CORD60", "VSUMN30"):
        np.testing.assert_array_equal(compute(bars, [name]).column(name), block.column(name))


# What Qlib 0.9.7 itself computed, in float32, for five stocks over two years.


def float32(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Rounded as Qlib stores its inputs, as float64."""
    return np.asarray(values, dtype=np.float64).astype(np.float32).astype(np.float64)


def reference_bars(shared_data: Path, symbol: str) -> Bars:
    """The adjusted bars that Qlib was fed with: from 2010, prices times adj_close / close, volume divided by it."""
    table = pq.read_table(shared_data / "equities_daily.parquet", filters=[("symbol", "==", symbol)])
    table = table.filter(pc.greater_equal(pc.year(table["ts"]), 2010))
    column = {name: table[name].to_numpy() for name in table.column_names}
    factor = column["adj_close"] / column["close"]
    prices = [float32(column[name] * factor) for name in ("open", "high", "low")]
    times = column["ts"].astype("datetime64[us]")
    volume = float32(column["volume"] / factor)
    return Bars.build(Series(symbol, Timeframe.DAY), times, *prices, float32(column["adj_close"]), volume)


@pytest.fixture(scope="module", params=["AAPL", "MSFT", "JPM", "XOM", "WMT"])
def reference(request: pytest.FixtureRequest, shared_data: Path) -> tuple[Bars, np.ndarray, dict[str, np.ndarray]]:
    """Bars, the rows that were kept, and Qlib's columns."""
    bars = reference_bars(shared_data, request.param)
    table = pq.read_table(
        shared_data / "reference" / "alpha158_expected.parquet", filters=[("symbol", "==", request.param)]
    )
    rows = np.searchsorted(bars.event_time, table["ts"].to_numpy().astype("datetime64[us]"))
    return bars, rows, {name: table[name].to_numpy().astype(np.float64) for name in NAMES}


Reference = tuple[Bars, np.ndarray, dict[str, np.ndarray]]


def test_all_158_columns_equal_those_of_qlib(reference: Reference) -> None:
    bars, rows, expected = reference
    assert len(rows) == 504
    block = compute(bars, NAMES)
    for name in NAMES:
        np.testing.assert_allclose(block.column(name)[rows], expected[name], rtol=1e-5, atol=1e-7, err_msg=name)


def test_without_qlib_s_rounding_three_kinds_would_differ_in_the_fifth_digit(reference: Reference) -> None:
    bars, rows, expected = reference
    exact = nested_correlations(bars.close, np.log(bars.volume + 1.0), STILL)[0, rows]
    away = np.nanmax(np.abs(exact - expected["CORR5"]))
    assert 1e-7 < away < 4e-5


@pytest.mark.slow
def test_real_bars_stay_finite_and_within_bounds(shared_data: Path) -> None:
    from trimtab.bars.files import read_bar_file
    from trimtab.features.export import accepted_in_order

    for file in ("crypto_1d", "crypto_5m"):
        for bars in read_bar_file(shared_data / f"{file}.parquet").bars.values():
            block = compute(accepted_in_order(bars), NAMES)
            assert not np.isinf(block.values).any()
            for name in NAMES:
                low, high = catalogue()[name].bounds
                known = block.column(name)[~np.isnan(block.column(name))]
                assert low is None or (known >= low).all(), (bars.series, name)
                assert high is None or (known <= high).all(), (bars.series, name)
