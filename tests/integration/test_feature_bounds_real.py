"""On every real bar at hand each feature of bars stays within its declared bounds and is never infinite.

Five clean files with every series and every row (2.3 million bars), and the broken files after the checks have
taken out what they refuse. Features of facts or peers have no input here and are left to their own tests. The
features are computed a few dozen at a time, so that half a million minutes do not need gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.bars import Bars
from trimtab.bars.files import read_bar_file
from trimtab.features.catalogue import Feature, catalogue
from trimtab.features.engine import compute
from trimtab.features.export import accepted_in_order

CLEAN = ["crypto_1m", "crypto_5m", "crypto_1h", "crypto_1d", "equities_daily", "equities_daily_stocknet"]
ROWS = {"crypto_1m": 653_219, "crypto_5m": 203_413, "crypto_1h": 489_837, "crypto_1d": 20_474} | {
    "equities_daily": 833_217,
    "equities_daily_stocknet": 71_937,
}
VALUES_AT_ONCE = 12_000_000  # about 100 MB


def features_of_bars() -> list[Feature]:
    return [each for each in catalogue().values() if not each.needs]


def groups(features: Sequence[Feature], rows: int) -> Iterator[Sequence[Feature]]:
    """The features, as many at a time as the memory allows."""
    size = max(1, VALUES_AT_ONCE // max(rows, 1))
    for start in range(0, len(features), size):
        yield features[start : start + size]


def offences(bars: Bars, features: Sequence[Feature]) -> list[str]:
    """A sentence for each feature that leaves its bounds or is infinite on these bars."""
    found = []
    for group in groups(features, len(bars)):
        block = compute(bars, [each.name for each in group])
        found += [said for each in group if (said := offence(each, block.column(each.name), bars))]
    return found


def offence(feature: Feature, values: np.ndarray, bars: Bars) -> str | None:
    # A comparison with NaN is false, so what is unknown offends nothing.
    low, high = feature.bounds
    lowest, highest = np.fmin.reduce(values, initial=np.nan), np.fmax.reduce(values, initial=np.nan)
    if np.isinf(lowest) or np.isinf(highest):
        return f"{feature.name} of {bars.series} is infinite first at {bars.event_time[np.isinf(values)][0]}"
    if low is not None and lowest < low:
        return f"{feature.name} of {bars.series} is {lowest!r}, below {low}, at {bars.event_time[values == lowest][0]}"
    if high is not None and highest > high:
        return (
            f"{feature.name} of {bars.series} is {highest!r}, above {high}, at {bars.event_time[values == highest][0]}"
        )
    return None


@pytest.mark.slow
@pytest.mark.parametrize("name", CLEAN)
def test_every_feature_keeps_its_bounds_on_every_bar_of_a_real_file(shared_data: Path, name: str) -> None:
    bars = read_bar_file(shared_data / f"{name}.parquet").bars
    features, found, judged = features_of_bars(), [], 0
    for series in list(bars):
        accepted = accepted_in_order(bars.pop(series))
        judged += len(accepted)
        found += offences(accepted, features)
    assert judged == ROWS[name]
    assert found == []


@pytest.mark.slow
def test_every_feature_keeps_its_bounds_on_what_the_checks_leave_of_broken_files(shared_data: Path) -> None:
    files = [path for path in sorted((shared_data / "dirty").rglob("*")) if path.suffix in {".csv", ".parquet"}]
    assert len(files) > 40
    features, found, judged = features_of_bars(), [], 0
    for path in files:
        for each in read_bar_file(path).bars.values():
            accepted = accepted_in_order(each)
            judged += len(accepted)
            found += [f"{path.name}: {said}" for said in offences(accepted, features)]
    assert judged > 45_000
    assert found == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([np.nan, 0.5, np.inf], "infinite first at 2020-01-03"),
        ([-np.inf, 0.5, 0.5], "infinite first at 2020-01-01"),
        ([0.0, -1e-12, 1.0], "is np.float64(-1e-12), below 0.0, at 2020-01-02"),
        ([np.nan, 1.0, 1.0 + 1e-12], "above 1.0, at 2020-01-03"),
    ],
)
def test_a_value_outside_is_named_with_its_bar(values: list[float], said: str) -> None:
    told = offence(catalogue()["up_share_10"], np.array(values), random_walk(3))
    assert told is not None and said in told


def test_values_at_the_bounds_and_unknown_ones_are_no_offence() -> None:
    share = catalogue()["up_share_10"]
    assert offence(share, np.array([np.nan, 0.0, 1.0]), random_walk(3)) is None
    assert offence(share, np.full(3, np.nan), random_walk(3)) is None
    assert offence(share, np.empty(0), random_walk(0 + 1).take(slice(0, 0))) is None
