"""Peers against plain loops and scipy, with absent, late and many of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fakes.bars import random_walk
from fakes.surroundings import peer_of
from scipy.spatial.distance import mahalanobis

from trimtab.bars import Bars
from trimtab.errors import FeatureError
from trimtab.features.catalogue import catalogue, feature_sets
from trimtab.features.engine import FeatureBlock, compute
from trimtab.features.kernels.turbulence import turbulence
from trimtab.features.surroundings import Surroundings
from trimtab.market import Series, Timeframe

NAMES = feature_sets()["peers"]
HOUR = np.timedelta64(3_600_000_000, "us")
BARS = random_walk(700, seed=7)


def around(*peers: Bars) -> Surroundings:
    return Surroundings(peers={bars.series.instrument_id: bars for bars in peers})


def complete_peer(number: int, n: int = 700) -> Bars:
    """A peer with a bar at every time of `BARS`."""
    walk = random_walk(n, seed=100 + number)
    return replace(walk, series=Series(f"PEER{number}", Timeframe.DAY))


def of(names: list[str] | tuple[str, ...], *peers: Bars, bars: Bars = BARS) -> FeatureBlock:
    return compute(bars, names, surroundings=around(*peers))


COMPLETE = tuple(complete_peer(k) for k in range(5))
GAPPY = tuple(peer_of(BARS, k) for k in range(5))


def _returns(bars: Bars, *peers: Bars) -> pd.DataFrame:
    """Returns over the rows of the instrument, a column each, NaN where one of two bars is absent."""
    closes = {"own": pd.Series(bars.close, bars.event_time)}
    closes |= {each.series.instrument_id: pd.Series(each.close, each.event_time) for each in peers}
    return pd.DataFrame(closes).reindex(bars.event_time).pct_change(fill_method=None).reset_index(drop=True)


def _plain_turbulence(history: np.ndarray, now: np.ndarray) -> float:
    """The distance by its definition: gaps of the past filled with the mean of their row, absent ones left out."""
    means = np.nanmean(history, axis=1)
    filled = np.where(np.isnan(history), means[:, None], history)
    used = ~np.isnan(now) & ((~np.isnan(history)).sum(axis=0) >= len(history) / 2) & (filled.std(axis=0) > 0)
    filled, now, q = filled[:, used], now[used], int(used.sum())
    covariance = np.cov(filled.T)
    kept = len(filled) / (len(filled) + q)
    shrunk = kept * covariance + (1 - kept) * np.diag(np.diag(covariance))
    return mahalanobis(now, filled.mean(axis=0), np.linalg.inv(shrunk)) ** 2 / q


@pytest.mark.parametrize("peers", [COMPLETE, GAPPY], ids=["complete", "with gaps"])
def test_turbulence_is_the_mahalanobis_distance_from_the_252_rows_before(peers: tuple[Bars, ...]) -> None:
    returns = _returns(BARS, *peers).to_numpy()
    found = of(["peer_turbulence"], *peers).values[:, 0]
    assert np.isnan(found[:253]).all()
    for t in [*range(253, 300), 451, 505, 506, 699]:
        assert found[t] == pytest.approx(_plain_turbulence(returns[t - 252 : t], returns[t]), rel=1e-9)


def test_turbulence_is_about_one_whatever_the_number_of_peers() -> None:
    for m in (1, 5, 30):
        found = of(["peer_turbulence", "peer_magnitude_surprise"], *(complete_peer(k) for k in range(m)))
        assert np.nanmean(found.values, axis=0) == pytest.approx([1.0, 1.0], abs=0.15)


def test_a_crash_of_all_is_turbulent_and_leaves_the_past_as_it_was() -> None:
    crashed = [replace(each, close=np.append(each.close[:-1], each.close[-2] * 0.9)) for each in (BARS, *COMPLETE)]
    names = ["peer_turbulence", "peer_magnitude_surprise", "peer_mean_correlation"]
    before, after = of(names, *COMPLETE).values, of(names, *crashed[1:], bars=crashed[0]).values
    np.testing.assert_array_equal(after[:-1], before[:-1])
    assert (after[-1, :2] > 50).all()
    assert after[-1, 2] == before[-1, 2], "the row itself is not part of the correlations it is judged by"


def test_the_magnitude_ignores_correlation_and_the_distance_does_not() -> None:
    """Two that always moved together move apart: no large returns, but a large distance."""
    twin = replace(BARS, series=Series("TWIN", Timeframe.DAY), close=BARS.close * np.exp(1e-3 * np.sin(np.arange(700))))
    apart = replace(twin, close=np.append(twin.close[:-1], twin.close[-2] ** 2 / twin.close[-1]))
    together, opposite = (of(["peer_turbulence", "peer_magnitude_surprise"], each).values[-1] for each in (twin, apart))
    assert opposite[0] > 5 * together[0]
    assert opposite[1] < 3 * together[1]


def test_the_percentile_ranks_turbulence_in_its_last_252_values() -> None:
    alone = [each.take(np.arange(700) != 600) for each in COMPLETE]  # rows 600 and 601 without any peer
    distance, rank = of(["peer_turbulence", "peer_turbulence_percentile"], *alone).values.T
    assert np.flatnonzero(np.isnan(rank)).tolist() == [*range(504), 600, 601]
    for t in (504, 550, 602, 699):
        recent = distance[t - 251 : t + 1]
        recent = recent[~np.isnan(recent)]
        assert rank[t] == pytest.approx(((recent < distance[t]).sum() + 0.5) / len(recent))


def test_mean_correlation_is_that_of_the_window_before() -> None:
    returns = _returns(BARS, *COMPLETE)
    matrix = np.corrcoef(returns.to_numpy()[700 - 253 : 699].T)
    expected = matrix[np.triu_indices(6, 1)].mean()
    assert of(["peer_mean_correlation"], *COMPLETE).values[-1, 0] == pytest.approx(expected, rel=1e-9)


def test_many_peers_than_rows_still_have_a_distance() -> None:
    rng = np.random.default_rng(0)
    returns = rng.normal(0, 0.01, (60, 50))
    zeros = np.zeros(60, np.int64)
    distance, *_ = turbulence(returns, zeros, zeros, 20)
    assert (distance[21:] > 0).all() and (distance[21:] < 20).all()


def test_returns_relative_strength_rank_and_breadth_are_those_of_pandas() -> None:
    own = pd.Series(BARS.close)
    closes = pd.DataFrame({k: pd.Series(each.close, each.event_time).reindex(BARS.event_time).to_numpy()
                           for k, each in enumerate(GAPPY)})  # fmt: skip
    block = of(NAMES, *GAPPY)
    for n in (1, 5, 20, 60):
        peers, mine = closes / closes.shift(n) - 1, own / own.shift(n) - 1
        count = peers.notna().sum(axis=1).where(lambda each: each > 0)
        assert (count[n:] < 5).any()
        expected = {
            f"peer_return_{n}": peers.mean(axis=1),
            f"peer_relative_strength_{n}": mine - peers.mean(axis=1),
            f"peer_rank_{n}": peers.lt(mine, axis=0).sum(axis=1) / count,
            f"peer_rising_share_{n}": (peers > 0).sum(axis=1) / count,
        }
        if n in (1, 20):
            expected[f"peer_dispersion_{n}"] = peers.std(axis=1)
        for name, values in expected.items():
            np.testing.assert_allclose(block.column(name)[n:], values[n:], rtol=1e-9, atol=1e-12, err_msg=name)


def test_correlation_beta_and_what_they_leave_are_those_of_least_squares() -> None:
    returns = _returns(BARS, *GAPPY)
    own, mean = returns["own"], returns.drop(columns="own").mean(axis=1)
    block = of(NAMES, *GAPPY)
    for t in (60, 61, 399, 699):
        y, x = own[t - 59 : t + 1], mean[t - 59 : t + 1]
        (slope, _), residuals, *_ = np.polyfit(x, y, 1, full=True)
        assert block.column("peer_beta_60")[t] == pytest.approx(slope, rel=1e-9)
        assert block.column("peer_correlation_60")[t] == pytest.approx(np.corrcoef(x, y)[0, 1], rel=1e-9)
        left = np.sqrt(residuals[0] / 58)
        assert block.column("peer_idiosyncratic_volatility_60")[t] == pytest.approx(left, rel=1e-9)
    lead = own.rolling(60).corr(mean.shift())
    np.testing.assert_allclose(block.column("peer_lead_correlation_60")[61:], lead[61:], rtol=1e-8, atol=1e-10)


def test_peers_that_lead_by_a_bar_are_seen_to_lead() -> None:
    """An instrument that repeats its peer a bar later."""
    leader = complete_peer(1)
    bars = replace(BARS, close=np.append(leader.close[:1], leader.close[:-1]))
    lead, same = of(["peer_lead_correlation_60", "peer_correlation_60"], leader, bars=bars).values[-1]
    assert lead == pytest.approx(1.0)
    assert abs(same) < 0.5


def test_the_order_of_the_peers_changes_no_bit() -> None:
    forward, backward = of(NAMES, *GAPPY), of(NAMES, *reversed(GAPPY))
    np.testing.assert_array_equal(forward.values, backward.values)


def test_a_peer_known_after_the_decision_is_absent_from_that_row() -> None:
    """Its bar of row 500 comes an hour late: all that reads it is what it would be without that bar."""
    late_known = COMPLETE[0].known_time.copy()
    late_known[500] += HOUR
    late = replace(COMPLETE[0], known_time=late_known)
    without = COMPLETE[0].take(np.arange(700) != 500)
    for names in (NAMES, ["peer_turbulence"], ["peer_beta_60"]):
        np.testing.assert_array_equal(
            of(names, late, *COMPLETE[1:]).values[:501], of(names, without, *COMPLETE[1:]).values[:501]
        )
    on_time, tardy = of(["peer_return_1"], *COMPLETE).values, of(["peer_return_1"], late, *COMPLETE[1:]).values
    assert on_time[500] != tardy[500]


def test_what_a_late_bar_says_never_reaches_a_row_decided_before_it_was_known() -> None:
    """Whatever stands in a bar that is known a month late, rows decided until then keep their bits."""
    known = COMPLETE[0].known_time.copy()
    known[500] += 30 * 24 * HOUR
    close = COMPLETE[0].close.copy()
    close[500] *= 1.5
    one, other = replace(COMPLETE[0], known_time=known), replace(COMPLETE[0], known_time=known, close=close)
    np.testing.assert_array_equal(
        of(NAMES, one, *COMPLETE[1:]).values[:530], of(NAMES, other, *COMPLETE[1:]).values[:530]
    )


def test_rows_may_be_decided_in_another_order_than_they_follow() -> None:
    """The own bar of row 500 was received a year late; a peer's bar that came in between stays unseen before it."""
    own_known, peer_known = BARS.known_time.copy(), COMPLETE[0].known_time.copy()
    own_known[500] += 365 * 24 * HOUR
    peer_known[500] += 100 * 24 * HOUR  # before the decision of row 500, after that of the rows that follow
    close = COMPLETE[0].close.copy()
    close[500] *= 1.5
    bars = replace(BARS, known_time=own_known)
    one, other = replace(COMPLETE[0], known_time=peer_known), replace(COMPLETE[0], known_time=peer_known, close=close)
    found, changed = (of(NAMES, each, *COMPLETE[1:], bars=bars).values for each in (one, other))
    assert not np.array_equal(found[500], changed[500], equal_nan=True), "row 500 itself may read it"
    rows = np.r_[:500, 501:600]
    np.testing.assert_array_equal(found[rows], changed[rows])
    assert np.isnan(of(["peer_turbulence"], one, *COMPLETE[1:], bars=bars).values[501:600]).all()
    assert not np.isnan(of(["peer_beta_60"], one, *COMPLETE[1:], bars=bars).values[501:600]).any()


def test_an_absent_bar_is_a_gap_and_not_a_return_of_nothing() -> None:
    gone = COMPLETE[0].take(np.arange(700) != 500)
    block = of(["peer_return_1", "peer_return_5"], gone)
    assert np.flatnonzero(np.isnan(block.column("peer_return_1"))).tolist() == [0, 500, 501]
    assert np.flatnonzero(np.isnan(block.column("peer_return_5"))).tolist() == [0, 1, 2, 3, 4, 500, 505]


def test_a_peer_listed_later_joins_when_half_of_the_year_is_there() -> None:
    young = complete_peer(9).take(slice(400, None))
    with_it, without = of(["peer_turbulence"], *COMPLETE, young).values, of(["peer_turbulence"], *COMPLETE).values
    joined = np.flatnonzero((with_it != without).ravel() & ~np.isnan(without).ravel())
    assert joined[0] == 401 + 126


def test_splits_of_a_peer_are_adjusted_by_its_factor() -> None:
    split = replace(
        COMPLETE[0],
        close=np.where(np.arange(700) < 350, COMPLETE[0].close * 4, COMPLETE[0].close),
        factor=np.where(np.arange(700) < 350, 0.25, 1.0),
    )
    np.testing.assert_allclose(of(NAMES, split).values, of(NAMES, COMPLETE[0]).values, rtol=1e-9, atol=1e-12)


def test_peers_that_never_moved_leave_distances_unknown_and_the_rest_neutral() -> None:
    still = [replace(each, close=np.full(700, 5.0)) for each in COMPLETE]
    block = of(NAMES, *still)
    assert np.isnan(block.column("peer_turbulence")).all()
    assert block.column("peer_correlation_60")[-1] == block.column("peer_beta_60")[-1] == 0.0
    assert block.column("peer_rising_share_5")[-1] == 0.5
    assert block.column("peer_dispersion_1")[-1] == 0.0


def test_broken_prices_of_a_peer_are_gaps() -> None:
    for broken in (np.inf, np.nan, 0.0, -1.0):
        close = COMPLETE[0].close.copy()
        close[500] = broken
        values = of(NAMES, replace(COMPLETE[0], close=close), *COMPLETE[1:]).values
        gap = of(NAMES, COMPLETE[0].take(np.arange(700) != 500), *COMPLETE[1:]).values
        np.testing.assert_array_equal(values, gap)


def test_only_fifty_peers_are_weighed_for_turbulence_and_all_for_the_mean() -> None:
    many = [replace(complete_peer(k, 300), series=Series(f"P{k:03d}", Timeframe.DAY)) for k in range(52)]
    bars, names = BARS.take(slice(0, 300)), ["peer_turbulence", "peer_return_1"]
    all_of_them, fifty = of(names, *many, bars=bars).values, of(names, *many[:50], bars=bars).values
    np.testing.assert_array_equal(all_of_them[:, 0], fifty[:, 0])
    assert (all_of_them[1:, 1] != fifty[1:, 1]).all()


@pytest.mark.slow
def test_the_most_turbulent_day_of_real_crypto_is_the_one_on_which_dogecoin_rose_fivefold(shared_data: Path) -> None:
    from trimtab.bars.files import read_bar_file
    from trimtab.features.export import accepted_in_order

    bars = {
        s.instrument_id: accepted_in_order(b) for s, b in read_bar_file(shared_data / "crypto_1d.parquet").bars.items()
    }
    bitcoin = bars.pop("BTC-USDT")
    found = of(["peer_turbulence", "peer_dispersion_1"], *bars.values(), bars=bitcoin)
    days = [bitcoin.event_time[np.nanargmax(found.column(name))] for name in found.names]
    assert days == [np.datetime64("2021-01-28")] * 2
    assert 0.8 < np.nanmean(found.column("peer_turbulence")) < 1.6


def test_bars_of_a_peer_out_of_order_are_refused() -> None:
    with pytest.raises(FeatureError, match="peer PEER0: bars must be strictly increasing in event_time"):
        of(["peer_return_1"], COMPLETE[0].take(np.arange(700)[::-1]))


def test_without_peers_everything_is_unknown() -> None:
    values = compute(BARS, NAMES).values
    assert np.isnan(values).all()
    assert all("peer" in catalogue()[name].unknown_when for name in NAMES)
