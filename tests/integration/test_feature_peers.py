"""Our numbers are those of other libraries, on bars that are here without the optional market data.

pandas-ta-classic and ta run in an environment of their own (`python -m benchmarks.peer_environment` makes it);
where it is absent these tests skip. Prices are rounded to a binary grid, on which equal steps are equal in every bit.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from fakes.bars import bars_from_closes, random_walk

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # `benchmarks` lies beside the sources and is not installed

from benchmarks import peer_environment  # noqa: E402
from benchmarks.feature_peers import PEERS, Peer, PeerError, PeerRun, shares_unlike  # noqa: E402
from benchmarks.peer_environment import REQUIREMENTS, peer_python  # noqa: E402
from benchmarks.peer_units import SETTLED, differing, in_our_units, on_a_grid  # noqa: E402
from trimtab.bars.sources.sample import PackagedSample  # noqa: E402
from trimtab.features.catalogue import feature_sets  # noqa: E402
from trimtab.features.engine import compute  # noqa: E402
from trimtab.market import Series, Timeframe  # noqa: E402

LEAST_COMPARED = {"pandas_ta": 50, "pandas_ta_patterns": 11, "ta": 45, "qlib": 158}


@pytest.fixture(scope="module")
def python() -> Path:
    found = peer_python()
    if found is None:
        pytest.skip(
            f"needs the environment of the libraries in {REQUIREMENTS.name}: python -m benchmarks.peer_environment"
        )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.key)
def test_another_library_gives_the_same_values_on_real_days_and_on_a_walk(
    python: Path, tmp_path: Path, peer: Peer
) -> None:
    sample = PackagedSample()
    bars = [sample.fetch(Series(name, Timeframe.DAY)) for name in ("AAPL", "MSFT", "SPX")]
    shares = PeerRun(python, tmp_path, [*bars, random_walk(4_000, seed=21)]).shares(peer)
    assert len(shares) >= LEAST_COMPARED[peer.key]
    assert {name: share for name, share in shares.items() if share > peer.unlike} == {}


def test_all_of_alpha158_is_compared() -> None:
    assert len(feature_sets()["alpha158"]) == LEAST_COMPARED["qlib"]


def test_prices_become_distances_and_percent_becomes_shares() -> None:
    bars = on_a_grid(random_walk(300, seed=4))
    names = ["sma_distance_5", "donchian_position_20", "donchian_width_20", "range_pct"]
    ours = compute(bars, names)
    means = np.convolve(bars.close, np.full(5, 0.2), "valid")
    high, low = (np.lib.stride_tricks.sliding_window_view(each, 20) for each in (bars.high, bars.low))
    theirs = {
        "sma_distance_5": np.concatenate([np.full(4, np.nan), means]),
        "donchian_upper_20": np.concatenate([np.full(19, np.nan), high.max(axis=1)]),
        "donchian_lower_20": np.concatenate([np.full(19, np.nan), low.min(axis=1)]),
    }
    converted = in_our_units(theirs, bars)
    assert set(converted) == set(names) - {"range_pct"}
    for name, values in converted.items():
        np.testing.assert_allclose(values, ours.column(name), rtol=1e-9, atol=1e-12)


def test_a_pattern_of_both_directions_is_compared_with_the_rising_one() -> None:
    bars = bars_from_closes([1.0, 2.0, 3.0])
    both = np.array([100.0, -100.0, 0.0])
    converted = in_our_units({"bullish_engulfing": both, "marubozu": both}, bars)
    assert converted["bullish_engulfing"].tolist() == [1.0, 0.0, 0.0]
    assert converted["marubozu"].tolist() == [1.0, -1.0, 0.0]


def test_the_share_that_differs_counts_unknown_on_one_side_and_forgives_rounding() -> None:
    ours = np.concatenate([np.zeros(SETTLED), [1.0, np.nan, np.nan, 2.0]])
    theirs = np.concatenate([np.ones(SETTLED), [1.0 + 1e-9, np.nan, 3.0, 2.1]])
    assert differing(ours, theirs) == 0.5
    assert differing(ours, ours) == 0.0


def test_a_library_that_cannot_be_run_is_one_sentence(tmp_path: Path) -> None:
    run = PeerRun(Path(sys.executable), tmp_path, [random_walk(30)])
    with pytest.raises(PeerError, match=r"nothing could not be run \(KeyError: 'nothing'\); delete .venv-peers"):
        run.seconds(Peer("nothing", "nothing"), 1)


@pytest.mark.slow
def test_without_a_package_registry_the_benchmark_says_so_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(peer_environment, "FOLDER", tmp_path / "peers")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert peer_environment.ensure() is None
    said = capsys.readouterr().out
    assert "going on without other libraries: peers cannot be made (ERROR: Could not find a version" in said
    assert peer_python() is None  # what is half made is not used
    assert (tmp_path / "peers" / ".gitignore").read_text() == "*\n"


def test_a_wrong_formula_is_noticed() -> None:
    bars = on_a_grid(random_walk(SETTLED + 500, seed=9))
    block = compute(bars, ["rsi_14", "atr_14"])
    theirs = {"rsi_14": block.column("rsi_14"), "atr_14": block.column("atr_14") * 1.001}
    assert shares_unlike(bars, theirs, 1e-6) == {"rsi_14": 0.0, "atr_14": 1.0}
