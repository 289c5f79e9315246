"""What is written is what is read, from the same version of the same feature."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.errors import FeatureError, NotEnoughDataError, NotFoundError, UnknownNameError
from trimtab.features import catalogue as catalogue_module
from trimtab.features.catalogue import catalogue, feature_sets
from trimtab.features.engine import compute
from trimtab.features.store import latest_row, quality, read_features, table_name, write_family
from trimtab.storage.lake import Lake

BARS = random_walk(300)
SERIES = BARS.series


def _write(lake: Lake, family: str, n: int = 300) -> str:
    return write_family(lake, SERIES, family, compute(BARS.take(slice(0, n)), feature_sets()[family]))


def test_features_come_back_across_families_in_the_order_asked_for(lake: Lake) -> None:
    _write(lake, "technical")
    _write(lake, "market_state")
    names = ("drawdown_60", "rsi_14", "volatility_regime")
    block, computed = read_features(lake, SERIES, names), compute(BARS, names)
    assert block.names == names
    assert block.values.tobytes("F") == computed.values.tobytes("F")
    assert (block.event_time == BARS.event_time).all() and (block.known_time == BARS.known_time).all()
    assert block.values.flags.f_contiguous


def test_the_same_content_has_the_same_fingerprint_and_another_has_another(lake: Lake) -> None:
    first = _write(lake, "candlesticks")
    assert _write(lake, "candlesticks") == first
    assert _write(lake, "candlesticks", n=299) != first


def test_the_latest_row_is_the_last_bar(lake: Lake) -> None:
    _write(lake, "technical")
    row = latest_row(lake, SERIES, ["rsi_14", "return_1"])
    assert row.event_time == BARS.event_time[-1].item().replace(tzinfo=UTC)
    assert row.known_time == BARS.known_time[-1].item().replace(tzinfo=UTC)
    assert row.values.tolist() == compute(BARS, ["rsi_14", "return_1"]).values[-1].tolist()


def test_an_empty_table_has_no_latest_row(lake: Lake) -> None:
    _write(lake, "technical", n=0)
    with pytest.raises(NotEnoughDataError, match="no feature rows yet"):
        latest_row(lake, SERIES, ["rsi_14"])


def test_a_table_that_was_never_computed_and_an_unknown_name_are_told_apart(lake: Lake) -> None:
    with pytest.raises(NotFoundError, match="there is no table"):
        read_features(lake, SERIES, ["rsi_14"])
    with pytest.raises(UnknownNameError):
        read_features(lake, SERIES, ["rsi"])


def test_a_feature_missing_from_an_older_table_is_named(lake: Lake) -> None:
    write_family(lake, SERIES, "technical", compute(BARS, ["return_1"]))
    with pytest.raises(NotFoundError, match="feature 'rsi_14' of AAA__1d is not in table"):
        read_features(lake, SERIES, ["rsi_14"])


def test_values_of_another_version_are_refused(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(lake, "technical")
    newer = {**catalogue(), "rsi_14": replace(catalogue()["rsi_14"], version=2)}
    monkeypatch.setattr(catalogue_module, "_all_features", lambda: newer)
    assert len(read_features(lake, SERIES, ["rsi_7"])) == 300
    with pytest.raises(FeatureError, match="computed by version 1, the catalogue has 2"):
        read_features(lake, SERIES, ["rsi_14"])


def test_tables_with_different_bars_are_not_joined(lake: Lake) -> None:
    _write(lake, "technical")
    _write(lake, "market_state", n=299)
    with pytest.raises(FeatureError, match="different bars"):
        read_features(lake, SERIES, ["rsi_14", "drawdown_60"])


def test_a_block_goes_only_to_its_own_family_and_series(lake: Lake) -> None:
    with pytest.raises(FeatureError, match="'doji' is not in the family 'technical'"):
        write_family(lake, SERIES, "technical", compute(BARS, ["doji"]))
    with pytest.raises(FeatureError, match="the block holds BBB__1d"):
        write_family(lake, SERIES, "technical", compute(random_walk(20, instrument="BBB"), ["return_1"]))
    assert not lake.tables.exists(table_name("technical", SERIES))


def test_quality_counts_holes_after_the_lookback_and_values_out_of_bounds() -> None:
    block = compute(BARS, ["return_1", "rsi_14"])
    assert quality(block)["completeness"] == quality(block)["within_bounds"] == 1.0
    values = block.values.copy(order="F")
    values[100, 0], values[100, 1] = np.nan, 101.0
    spoiled = quality(replace(block, values=values))
    assert spoiled["incomplete"] == {"return_1": 298 / 299}
    assert spoiled["out_of_bounds"] == {"rsi_14": 285 / 286}
    assert spoiled["last_event_time"] == BARS.event_time[-1].item().replace(tzinfo=UTC).isoformat()
    assert json.loads(json.dumps(spoiled)) == spoiled


def test_quality_of_nothing_is_unknown() -> None:
    empty = quality(compute(BARS.take(slice(0, 0)), ["return_1"]))
    assert empty["completeness"] is None and empty["last_known_time"] is None
