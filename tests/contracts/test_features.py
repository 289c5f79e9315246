"""What every feature of the catalogue promises, checked on every feature."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.surroundings import surroundings_of

from trimtab.bars import Bars
from trimtab.bars.schema import PRICES
from trimtab.bars.sources.sample import PackagedSample
from trimtab.features.catalogue import FAMILY_MODULES, FEATURE_SETS, catalogue, declared_features, feature_sets
from trimtab.features.engine import FeatureBlock, compute
from trimtab.features.leaks import certify
from trimtab.features.stored_warmups import complaint
from trimtab.features.surroundings import SURROUNDINGS, Surroundings
from trimtab.features.warmup import check_warmup
from trimtab.market import Series, Timeframe

NAMES = tuple(catalogue())
# Qlib adds one to the volume before it takes the logarithm, so CORR knows the unit.
KNOWS_THE_UNIT_OF_VOLUME = {name for name in NAMES if "ln(volume + 1)" in catalogue()[name].formula}
# It takes some steps in float32, so another unit moves the seventh digit of what goes into these.
ROUNDED = {name for name in feature_sets()["alpha158"] if name.startswith(("CORR", "CORD", "WVMA"))}
# Its other constants (1e-12 beside a range, 2e-5 as no deviation) show where prices are fractions of a unit.
KNOWS_THE_UNIT_OF_PRICE = {
    name
    for name in feature_sets()["alpha158"]
    if name.startswith(("KMID2", "KUP2", "KLOW2", "KSFT2", "RSV", "SUM", "RSQR", "CORR"))
}
ALWAYS_KNOWN = tuple(name for name in NAMES if not catalogue()[name].unknown_when)
OF_BARS_ALONE = tuple(name for name in NAMES if not catalogue()[name].needs)
# TA-Lib decides ties (a body of exactly a tenth of the mean range) by the last bit of a running sum,
# so another unit of price may turn a few of thousands of bars; at most this share.
TIES = 0.002


def _sample(instrument: str) -> Bars:
    return PackagedSample().fetch(Series(instrument, Timeframe.DAY))


@pytest.fixture(scope="module", params=["AAPL", "SPX", "random walk"])
def bars(request: pytest.FixtureRequest) -> Bars:
    return random_walk(3500, seed=7) if request.param == "random walk" else _sample(request.param)


@pytest.fixture(scope="module")
def around(bars: Bars) -> Surroundings:
    return surroundings_of(bars)


@pytest.fixture(scope="module")
def block(bars: Bars, around: Surroundings) -> FeatureBlock:
    return compute(bars, NAMES, surroundings=around)


def test_the_sets_are_the_families_and_all_of_them() -> None:
    assert tuple(feature_sets()) == FEATURE_SETS == (*FAMILY_MODULES, "all")
    assert all(feature_sets().values())
    assert feature_sets()["all"] == NAMES


def test_every_family_has_the_breadth_that_is_promised() -> None:
    least = {"technical": 120, "candlesticks": 24, "market_state": 29, "peers": 8, "fundamental": 31, "sentiment": 39}
    found = {family: len(names) for family, names in feature_sets().items()}
    assert {family: found[family] for family, n in least.items() if found[family] < n} == {}
    assert found["alpha158"] == 158
    assert found["all"] >= 300


def test_the_fifteen_patterns_are_there() -> None:
    patterns = {
        "doji", "hammer", "shooting_star", "bullish_engulfing", "bearish_engulfing", "morning_star", "evening_star",
        "three_white_soldiers", "three_black_crows", "harami", "piercing_line", "dark_cloud_cover", "tweezer_top",
        "tweezer_bottom", "marubozu",
    }  # fmt: skip
    assert patterns <= set(feature_sets()["candlesticks"])


@pytest.mark.parametrize("name", NAMES)
def test_the_catalogue_describes_the_feature(name: str) -> None:
    feature = catalogue()[name]
    # Alpha158 keeps Qlib's names.
    assert re.fullmatch(r"[A-Z]+[0-9]*" if feature.family == "alpha158" else r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
    assert feature.name == name
    assert len(feature.description) > 12 and "{" not in feature.description
    assert feature.description.rstrip().endswith(".")
    assert feature.formula and "{" not in feature.formula
    assert feature.inputs and set(feature.inputs) <= {*PRICES, "volume", *SURROUNDINGS}
    assert feature.unknown_when or not feature.needs, "what reads facts or peers must say when it is unknown"
    assert 0 <= feature.lookback <= feature.warmup
    assert feature.version >= 1


def test_values_are_float64_contiguous_and_never_infinite(block: FeatureBlock) -> None:
    assert block.values.dtype == np.float64
    assert block.values.flags.f_contiguous
    assert not np.isinf(block.values).any()


def test_exactly_the_lookback_is_unknown(block: FeatureBlock) -> None:
    unknown = {name: int(np.isnan(block.column(name)).sum()) for name in ALWAYS_KNOWN}
    leading = {name: int(np.argmin(np.isnan(block.column(name)))) for name in ALWAYS_KNOWN}
    assert unknown == leading == {name: catalogue()[name].lookback for name in ALWAYS_KNOWN}


def test_what_may_be_unknown_is_so_within_the_lookback_and_known_somewhere_after_it(block: FeatureBlock) -> None:
    for name in set(NAMES) - set(ALWAYS_KNOWN):
        values, lookback = block.column(name), catalogue()[name].lookback
        assert np.isnan(values[:lookback]).all(), name
        assert not np.isnan(values[lookback:]).all(), name


def test_what_needs_facts_or_peers_is_unknown_without_them(bars: Bars) -> None:
    for name in set(NAMES) - set(OF_BARS_ALONE):
        assert np.isnan(compute(bars.take(slice(0, 400)), [name]).values).all(), name


def test_values_stay_within_the_bounds(block: FeatureBlock) -> None:
    for name in NAMES:
        low, high = catalogue()[name].bounds
        values = block.column(name)
        known = values[~np.isnan(values)]
        assert low is None or known.min() >= low, name
        assert high is None or known.max() <= high, name


def test_every_feature_says_more_than_one_thing_on_the_sample() -> None:
    samples = [_sample(instrument) for instrument in ("AAPL", "IBM", "MSFT", "NASDAQ", "SPX")]
    blocks = [compute(bars, NAMES, surroundings=surroundings_of(bars)) for bars in samples]
    pooled = np.concatenate([block.values for block in blocks])
    constant = [name for j, name in enumerate(NAMES) if len(np.unique(pooled[~np.isnan(pooled[:, j]), j])) < 2]
    assert constant == []


def test_no_feature_sees_the_future(bars: Bars, around: Surroundings) -> None:
    certificate = certify(NAMES, bars, cuts=3, seed=11, surroundings=around)
    assert certificate.leaking == ()
    assert certificate.unchecked == ()
    assert certificate.passed


def test_every_warmup_was_searched_for() -> None:
    assert [told for each in declared_features().values() if (told := complaint(each))] == []


def test_the_searched_warmup_gives_the_number_of_the_full_history(bars: Bars, around: Surroundings) -> None:
    broken = [finding for finding in check_warmup(NAMES, bars, rows=150, surroundings=around) if not finding.holds]
    assert broken == []


def test_the_unit_of_price_changes_nothing(bars: Bars, block: FeatureBlock, around: Surroundings) -> None:
    scaled = compute(replace(bars, factor=bars.factor * 0.37, volume=bars.volume * 0.37), NAMES, surroundings=around)
    _assert_same(block, scaled, flips=TIES, but=ROUNDED)


def test_a_power_of_two_as_unit_does_not_even_turn_a_tie(bars: Bars, block: FeatureBlock, around: Surroundings) -> None:
    scaled = compute(replace(bars, factor=bars.factor * 0.25, volume=bars.volume * 0.25), NAMES, surroundings=around)
    _assert_same(block, scaled, flips=0.0)


def test_the_unit_of_volume_changes_nothing(bars: Bars, block: FeatureBlock, around: Surroundings) -> None:
    scaled = compute(replace(bars, volume=bars.volume * 1000.0), NAMES, surroundings=around)
    _assert_same(block, scaled, flips=0.0, but=ROUNDED)


def _assert_same(
    one: FeatureBlock, other: FeatureBlock, flips: float, but: Collection[str] = KNOWS_THE_UNIT_OF_VOLUME
) -> None:
    for name in (each for each in one.names if each not in but):
        a, b = one.column(name), other.column(name)
        assert (np.isnan(a) == np.isnan(b)).all(), name
        known = ~np.isnan(a)
        if not known.any():
            continue
        size = np.median(np.abs(a[known]))
        away = np.abs(a[known] - b[known]) > 1e-9 * np.maximum(np.abs(a[known]), size)
        patterns = set(np.unique(a[known])) <= {-1.0, 0.0, 1.0} and "TA-Lib" in catalogue()[name].formula
        assert away.mean() <= (flips if patterns else 0.0), name


@pytest.mark.parametrize("n", [0, 1, 2, 5, 30])
def test_few_bars_give_unknown_values_and_no_error(n: int) -> None:
    bars = random_walk(50)
    values = compute(bars.take(slice(0, n)), NAMES, surroundings=surroundings_of(bars)).values
    assert values.shape == (n, len(NAMES))
    for column, name in enumerate(NAMES):
        assert np.isnan(values[: catalogue()[name].lookback, column]).all()


@pytest.mark.parametrize("volume", [0.0, 5.0])
def test_a_market_that_stands_still_gives_finite_neutral_values(volume: float) -> None:
    still = random_walk(600)
    flat = np.full(600, 12.34)
    bars = replace(still, open=flat, high=flat, low=flat, close=flat, volume=np.full(600, volume))
    values = compute(bars, NAMES, surroundings=surroundings_of(bars))
    assert not np.isinf(values.values).any()
    for name in NAMES:
        after = values.column(name)[catalogue()[name].lookback :]
        low, high = catalogue()[name].bounds
        assert catalogue()[name].unknown_when or not np.isnan(after).any(), name
        known = after[~np.isnan(after)]
        assert low is None or (known >= low).all(), name
        assert high is None or (known <= high).all(), name
    assert values.column("rsi_14")[-1] == 50.0
    assert values.column("price_zscore_20")[-1] == 0.0


def test_bars_without_range_or_volume_in_between_never_give_infinity() -> None:
    bars = random_walk(2000, seed=3)
    rng = np.random.default_rng(5)
    stuck = rng.random(2000) < 0.4
    high, low, open_ = (np.where(stuck, bars.close, getattr(bars, name)) for name in ("high", "low", "open"))
    holes = replace(bars, open=open_, high=high, low=low, volume=np.where(rng.random(2000) < 0.5, 0.0, bars.volume))
    assert not np.isinf(compute(holes, NAMES, surroundings=surroundings_of(bars)).values).any()


def test_the_same_bars_give_the_same_bytes() -> None:
    bars = random_walk(800)
    one, other = (compute(bars, NAMES, surroundings=surroundings_of(bars)) for _ in range(2))
    assert one.values.tobytes() == other.values.tobytes()


@pytest.mark.slow
def test_warmup_leaks_and_unit_hold_on_real_crypto_hours(shared_data: Path) -> None:
    from trimtab.bars.files import read_bar_file
    from trimtab.features.export import accepted_in_order

    everything = read_bar_file(shared_data / "crypto_1h.parquet").bars
    for instrument in ("BTC-USDT", "ALGO-USDT", "DOGE-USDT"):
        bars = accepted_in_order(everything[Series(instrument, Timeframe.HOUR)])
        assert certify(OF_BARS_ALONE, bars, cuts=2, seed=1).passed
        assert [each for each in check_warmup(OF_BARS_ALONE, bars, rows=500) if not each.holds] == []
        scaled = compute(replace(bars, factor=bars.factor * 3.3, volume=bars.volume * 3.3), OF_BARS_ALONE)
        _assert_same(compute(bars, OF_BARS_ALONE), scaled, flips=TIES, but=KNOWS_THE_UNIT_OF_PRICE | ROUNDED)
