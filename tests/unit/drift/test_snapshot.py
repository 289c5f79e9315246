"""A drift snapshot names what moved, stays quiet where nothing did, and says when it cannot tell."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.signal import lfilter

from trimtab.bars.sources.simulated import SimulatedMarket
from trimtab.config.strategy import Drift
from trimtab.drift.snapshot import DriftSnapshot, take_snapshot
from trimtab.errors import DatasetError, IntegrityError, NotEnoughDataError
from trimtab.labels.volatility import rolling_volatility
from trimtab.market import Series, Timeframe

NOW = datetime(2024, 1, 2, tzinfo=UTC)


def autoregressive(phi: float, shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((shape[0] + 500, shape[1]))
    return lfilter([1.0], [1.0, -phi], rows, axis=0)[500:] * np.sqrt(1 - phi**2)


def snapshot_of(
    reference: np.ndarray, current: np.ndarray, limits: Drift | None = None, as_of: datetime = NOW
) -> DriftSnapshot:
    names = [f"feature_{k}" for k in range(reference.shape[1])]
    return take_snapshot(reference, current, names, limits=limits or Drift(), as_of=as_of)


def test_only_the_feature_that_moved_is_called_drifted() -> None:
    values = autoregressive(0.5, (1_250, 4))
    values[1_000:, 2] += 2.0
    snapshot = snapshot_of(values[:1_000], values[1_000:])
    assert [feature.status for feature in snapshot.features] == ["stable", "stable", "drifted", "stable"]
    assert (snapshot.drifted_share, snapshot.judged_share, snapshot.status) == (0.25, 1.0, "stable")
    assert snapshot.worst(1)[0].name == "feature_2"
    assert 0.0 < snapshot.score < 0.25


def test_a_snapshot_drifts_when_enough_of_its_features_do() -> None:
    values = autoregressive(0.5, (1_250, 4))
    values[1_000:, :2] += 3.0
    snapshot = snapshot_of(values[:1_000], values[1_000:])
    assert snapshot.status == "drifted"
    assert 0.45 < snapshot.score <= 0.5
    assert snapshot_of(values[:1_000], values[1_000:], Drift(min_drifted_share=0.6)).status == "stable"


def test_a_significant_but_small_change_is_not_drift() -> None:
    rng = np.random.default_rng(0)
    feature = snapshot_of(rng.normal(size=(20_000, 1)), rng.normal(0.2, 1.0, size=(5_000, 1))).features[0]
    assert feature.ks_p_value < 1e-6
    assert feature.psi < 0.25
    assert feature.status == "stable"


def test_a_large_but_insignificant_change_is_not_drift() -> None:
    values = autoregressive(0.9, (1_250, 60), seed=3)
    snapshot = snapshot_of(values[:1_000], values[1_000:])
    assert sum(feature.psi > 0.25 for feature in snapshot.features) >= 10
    assert snapshot.drifted_share <= 0.02


@pytest.mark.parametrize("phi", [0.0, 0.9, 0.97])
def test_undrifted_series_are_rarely_called_drifted(phi: float) -> None:
    values = autoregressive(phi, (2_500, 200), seed=5)
    alarms = sum(
        snapshot_of(values[:2_000, k : k + 1], values[2_000:, k : k + 1]).features[0].status == "drifted"
        for k in range(200)
    )
    assert alarms <= 18  # 200 trials at 5 %: more than 18 happens once in a hundred times


def test_a_persistent_series_in_a_short_window_is_insufficient_evidence() -> None:
    values = autoregressive(0.995, (1_250, 3))
    values[1_000:] += 1.0
    snapshot = snapshot_of(values[:1_000], values[1_000:])
    assert snapshot.status == "insufficient_evidence"
    assert all(feature.effective_n < 10 and feature.adjusted_p_value is None for feature in snapshot.features)


def test_twenty_instruments_that_move_together_count_as_one() -> None:
    one = autoregressive(0.9, (1_250, 1))
    many = np.repeat(one, 20, axis=0)
    groups = np.arange(len(many)) % 20
    alone = snapshot_of(one[:1_000], one[1_000:]).features[0]
    together = take_snapshot(
        many[:20_000],
        many[20_000:],
        ["feature_0"],
        limits=Drift(),
        as_of=NOW,
        reference_groups=groups[:20_000],
        current_groups=groups[20_000:],
    ).features[0]
    assert together.effective_n == pytest.approx(alone.effective_n)
    assert together.ks_p_value == pytest.approx(alone.ks_p_value)


def test_a_feature_that_stopped_coming_is_drift() -> None:
    values = autoregressive(0.2, (1_250, 2))
    values[1_000:, 0] = np.nan
    first, second = snapshot_of(values[:1_000], values[1_000:]).features
    assert (first.status, first.missing_reference, first.missing_current) == ("drifted", 0.0, 1.0)
    assert first.wasserstein is None
    assert second.status == "stable"


def test_warm_up_rows_of_the_reference_are_not_mistaken_for_drift() -> None:
    values = autoregressive(0.2, (1_250, 1))
    values[:200] = np.nan
    assert snapshot_of(values[:1_000], values[1_000:]).features[0].status == "insufficient_evidence"


def test_the_planted_drift_of_the_simulated_market_is_found_and_its_absence_too() -> None:
    market = SimulatedMarket(7, until=datetime(2020, 12, 31, tzinfo=UTC))
    statuses = {}
    for name in ("SIMDRIFT", "SIMNULL"):
        bars = market.fetch(Series(name, Timeframe.DAY))
        columns = [np.log(bars.high / bars.low), rolling_volatility(bars.close, 10), np.log(bars.volume)]
        rows = np.column_stack(columns)[20:]
        before = bars.event_time[20:] < np.datetime64("2019-07-01")
        statuses[name] = snapshot_of(rows[before], rows[~before][:250]).status
    assert statuses == {"SIMDRIFT": "drifted", "SIMNULL": "stable"}


def test_looking_again_at_the_same_rows_gives_the_same_id_and_other_rows_another() -> None:
    values = autoregressive(0.5, (1_250, 3))
    snapshot = snapshot_of(values[:1_000], values[1_000:])
    later = snapshot_of(values[:1_000], values[1_000:], as_of=datetime(2024, 1, 3, tzinfo=UTC))
    assert later.snapshot_id == snapshot.snapshot_id
    assert snapshot_of(values[:1_000], values[1_001:]).snapshot_id != snapshot.snapshot_id
    assert snapshot_of(values[:1_000], values[1_000:], Drift(max_psi=0.2)).snapshot_id != snapshot.snapshot_id


def test_memory_layout_does_not_change_the_id() -> None:
    values = autoregressive(0.5, (1_250, 3))
    ids = {
        snapshot_of(order(values[:1_000]), order(values[1_000:])).snapshot_id for order in (np.asfortranarray, np.copy)
    }
    assert len(ids) == 1


def test_json_reads_back_equal_and_writes_unknown_as_null() -> None:
    values = autoregressive(0.5, (1_250, 2))
    values[:1_000, 1], values[1_000:, 1] = 0.0, 1.0  # a constant that changed: its Wasserstein distance has no unit
    snapshot = snapshot_of(values[:1_000], values[1_000:])
    text = snapshot.to_json()
    assert DriftSnapshot.from_json(text) == snapshot
    assert DriftSnapshot.from_json(text).to_json() == text
    document = json.loads(text)
    assert document["features"][1]["wasserstein"] is None
    assert document["as_of"] == "2024-01-02T00:00:00Z"
    assert document["snapshot_id"] == snapshot.snapshot_id


def test_a_changed_snapshot_is_not_read() -> None:
    text = snapshot_of(autoregressive(0.5, (300, 1)), autoregressive(0.5, (100, 1), 1)).to_json()
    with pytest.raises(IntegrityError, match="changed after it was stored"):
        DriftSnapshot.from_json(text.replace('"n_current": 100', '"n_current": 101'))
    for broken in ("{}", "[1]", text[:50], "null"):
        with pytest.raises(IntegrityError, match="not a stored drift snapshot"):
            DriftSnapshot.from_json(broken)


def test_rows_that_do_not_fit_are_refused_with_a_sentence() -> None:
    good = np.zeros((5, 2))
    with pytest.raises(NotEnoughDataError, match="no current rows"):
        snapshot_of(good, np.empty((0, 2)))
    with pytest.raises(DatasetError, match=r"current rows must have shape \(n, 2\), not \(5, 3\)"):
        snapshot_of(good, np.zeros((5, 3)))
    with pytest.raises(DatasetError, match="without features"):
        snapshot_of(np.empty((5, 0)), np.empty((5, 0)))
    with pytest.raises(DatasetError, match="no time zone"):
        snapshot_of(good, good, as_of=datetime(2024, 1, 2))
    with pytest.raises(DatasetError, match="reference_groups must have shape"):
        take_snapshot(good, good, ["a", "b"], limits=Drift(), as_of=NOW, reference_groups=np.zeros(4))
