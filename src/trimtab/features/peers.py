"""Peers: how an instrument moves against the others of its universe, each bar seen only once it was known.

A peer is any other instrument given at the same timeframe. Its bars are matched by the time they
begin, and its return covers the same rows as the instrument's own: where one of the two bars is
absent, or was known only after the decision time of the row, the peer is left out of that row.
The order in which peers are given changes nothing. Returns are simple; means weigh every peer equally.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from trimtab.bars import Bars
from trimtab.errors import FeatureError
from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels import peers as kernels
from trimtab.features.kernels.ratios import change
from trimtab.features.kernels.turbulence import turbulence

YEAR = 252  # rows that turbulence compares with
# A row of turbulence costs q^2 + q^3 / 6 multiplications for q instruments: 16 microseconds with 51.
MOST_IN_TURBULENCE = 50
LENGTHS = (1, 5, 20, 60)
NO_PEER = "no peer has a bar known by then at both ends of the {n} bars"
FEW_ROWS = "fewer than 30 of the {n} bars have a peer known by then"
TOO_FEW = "fewer than two of the instrument and its peers have a return and half of the last 252 known by then"

peers = partial(feature, "peers", inputs=("close", "peers"))


@dataclass(frozen=True)
class Panel:
    """The peers' closes beside the instrument's own rows.

    Attributes
    ----------
    close: adjusted closes, one column per peer in the order of their ids, NaN where absent, shape (n, m).
    known: when each became known, microseconds since 1970, shape (n, m).
    decision: decision time of each row, microseconds since 1970, shape (n,).
    """

    close: np.ndarray
    known: np.ndarray
    decision: np.ndarray


@peers(
    "peer_turbulence", "How unusual the returns of instrument and peers are together: 1 is usual, 3 is rare.",
    formula="(y - m)' S^-1 (y - m) / q, m and S of the 252 bars before, correlations of S shrunk by q / (252 + q); "
    "Kritzman & Li 2010", lookback=YEAR + 1, bounds=(0.0, None), unknown_when=TOO_FEW,
)  # fmt: skip
def peer_turbulence(c: Context) -> np.ndarray:
    return c.of(_turbulence, c)[0]


@peers(
    "peer_turbulence_percentile", "Share of the last 252 bars in which the peers were less turbulent.",
    formula="rank of peer_turbulence in its last 252 values, ties half", lookback=2 * YEAR, bounds=(0.0, 1.0),
    unknown_when=f"{TOO_FEW}, or half of the last 252 bars had no turbulence",
)  # fmt: skip
def peer_turbulence_percentile(c: Context) -> np.ndarray:
    distance, _, _, known = c.of(_turbulence, c)
    rank = kernels.rank_among_known(distance, known, c.of(_panel, c).decision, YEAR)
    return _after(2 * YEAR, rank)


@peers(
    "peer_magnitude_surprise", "How large the returns of instrument and peers are, each against its own past; 1 is usual.",
    formula="mean(((y - m) / s)^2), m and s of the 252 bars before; Kinlaw & Turkington 2014",
    lookback=YEAR + 1, bounds=(0.0, None), unknown_when=TOO_FEW,
)  # fmt: skip
def peer_magnitude_surprise(c: Context) -> np.ndarray:
    return c.of(_turbulence, c)[1]


@peers(
    "peer_mean_correlation", "Mean correlation among instrument and peers over the 252 bars before this one.",
    formula="mean of corr(y_i, y_j), i < j; a gap counts as the mean of its row", lookback=YEAR + 1,
    bounds=(-1.0, 1.0), unknown_when=TOO_FEW,
)  # fmt: skip
def peer_mean_correlation(c: Context) -> np.ndarray:
    return c.of(_turbulence, c)[2]


@peers(
    "peer_return_{n}", "Mean return of the peers over {n} bars.",
    formula="mean(peer close[t] / peer close[t-{n}] - 1)", n=LENGTHS, lookback=lambda n: n, bounds=(-1.0, None),
    unknown_when=NO_PEER,
)  # fmt: skip
def peer_return(c: Context, n: int) -> np.ndarray:
    return c.of(_cross_section, c, n)[0]


@peers(
    "peer_relative_strength_{n}", "Return over {n} bars less the mean return of the peers.",
    formula="close[t] / close[t-{n}] - 1 - peer_return_{n}; Jegadeesh & Titman 1993", n=LENGTHS, lookback=lambda n: n,
    unknown_when=NO_PEER,
)  # fmt: skip
def peer_relative_strength(c: Context, n: int) -> np.ndarray:
    return c.of(change, "close", n) - c.of(_cross_section, c, n)[0]


@peers(
    "peer_rank_{n}", "Share of the peers that returned less over {n} bars.",
    formula="rank of the own return among those of the peers, ties half", n=LENGTHS, lookback=lambda n: n,
    bounds=(0.0, 1.0), unknown_when=NO_PEER,
)  # fmt: skip
def peer_rank(c: Context, n: int) -> np.ndarray:
    return c.of(_cross_section, c, n)[3]


@peers(
    "peer_rising_share_{n}", "Share of the peers that rose over {n} bars, those that stood still half.",
    formula="mean(peer close[t] > peer close[t-{n}])", n=LENGTHS, lookback=lambda n: n,
    bounds=(0.0, 1.0), unknown_when=NO_PEER,
)  # fmt: skip
def peer_rising_share(c: Context, n: int) -> np.ndarray:
    return c.of(_cross_section, c, n)[2]


@peers(
    "peer_dispersion_{n}", "Spread of the peers' returns over {n} bars.",
    formula="stdev over peers of peer close[t] / peer close[t-{n}] - 1, divisor: peers - 1", n=(1, 20),
    lookback=lambda n: n, bounds=(0.0, None), unknown_when="fewer than two peers have bars known by then",
)  # fmt: skip
def peer_dispersion(c: Context, n: int) -> np.ndarray:
    return c.of(_cross_section, c, n)[1]


@peers(
    "peer_correlation_{n}", "Correlation of the return with the peers' mean return over {n} bars; 0 without movement.",
    formula="corr(r[t], peer_return_1[t], {n})", n=(60,), lookback=lambda n: n, bounds=(-1.0, 1.0),
    unknown_when=FEW_ROWS,
)  # fmt: skip
def peer_correlation(c: Context, n: int) -> np.ndarray:
    return c.of(_regression, c, n, 0)[0]


@peers(
    "peer_beta_{n}", "Move of the close per move of the peers' mean over {n} bars; 0 without movement.",
    formula="cov(r, peer_return_1, {n}) / var(peer_return_1, {n})", n=(60,), lookback=lambda n: n,
    unknown_when=FEW_ROWS,
)  # fmt: skip
def peer_beta(c: Context, n: int) -> np.ndarray:
    return c.of(_regression, c, n, 0)[1]


@peers(
    "peer_idiosyncratic_volatility_{n}", "Volatility over {n} bars that the peers' mean does not explain, per bar.",
    formula="stdev of r - a - peer_beta peer_return_1, divisor: bars - 2; after Ang et al. 2006", n=(60,),
    lookback=lambda n: n, bounds=(0.0, None), unknown_when=FEW_ROWS,
)  # fmt: skip
def peer_idiosyncratic_volatility(c: Context, n: int) -> np.ndarray:
    return c.of(_regression, c, n, 0)[2]


@peers(
    "peer_lead_correlation_{n}", "Correlation of the return with the peers' mean return of the bar before, over {n} bars.",
    formula="corr(r[t], peer_return_1[t-1], {n}); lead and lag, Lo & MacKinlay 1990", n=(60,),
    lookback=lambda n: n + 1, bounds=(-1.0, 1.0), unknown_when=FEW_ROWS,
)  # fmt: skip
def peer_lead_correlation(c: Context, n: int) -> np.ndarray:
    return c.of(_regression, c, n, 1)[0]


def _panel(c: Context) -> Panel:
    """The bars of the peers at the times of this instrument's own."""
    n, given = len(c.close), sorted(c.surroundings.peers.items())
    close, known = np.full((n, len(given)), np.nan), np.full((n, len(given)), kernels.NEVER)
    own_times = c.event_time.view(np.int64)
    for k, (name, bars) in enumerate(given):
        rows = kernels.matching_rows(own_times, _increasing(name, bars))
        there = rows >= 0
        taken = rows[there]
        close[there, k] = bars.close[taken] * bars.factor[taken]
        known[there, k] = bars.known_time.view(np.int64)[taken]
    return Panel(close, known, c.decision_time.view(np.int64))


def _increasing(name: str, bars: Bars) -> np.ndarray:
    times = bars.event_time.view(np.int64)
    if (times[1:] <= times[:-1]).any():
        raise FeatureError(
            f"peer {name}: bars must be strictly increasing in event_time; sort them and drop duplicates"
        )
    return times


def _returns(c: Context, n: int) -> tuple[np.ndarray, np.ndarray]:
    panel = c.of(_panel, c)
    return kernels.returns_of_peers(panel.close, panel.known, panel.decision, n)


def _cross_section(c: Context, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    returns, _ = c.of(_returns, c, n)
    return kernels.cross_section(returns, c.of(change, "close", n))


def _regression(c: Context, n: int, lag: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    _, latest = c.of(_returns, c, 1)
    mean = c.of(_cross_section, c, 1)[0]
    return kernels.window_regression(c.simple_return, mean, latest, c.of(_panel, c).decision, n, lag)


def _turbulence(c: Context) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    returns, latest = c.of(_returns, c, 1)
    together = np.column_stack([c.simple_return, returns[:, :MOST_IN_TURBULENCE]])
    return turbulence(together, latest, c.of(_panel, c).decision, YEAR)


def _after(rows: int, values: np.ndarray) -> np.ndarray:
    values[:rows] = np.nan
    return values
