"""What is planted in each simulated instrument: the truth that detectors and models are measured against."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from trimtab.errors import UnknownNameError

DRIFT_DATE = datetime(2019, 7, 1, tzinfo=UTC)
# In the words of the checks that should find them; `defects.py` says what is done to a bar.
BASIC_DEFECTS = (
    "unadjusted_split", "unit_error", "non_positive_price", "inconsistent_ohlc", "duplicate_time", "gap",
)  # fmt: skip
ALL_DEFECTS = (
    *BASIC_DEFECTS, "missing_value", "negative_volume", "spike", "stale_run", "zero_volume",
    "conflicting_duplicate", "out_of_order",
)  # fmt: skip


@dataclass(frozen=True)
class PlantedTruth:
    """Everything that is true of one simulated instrument, in numbers.

    Attributes
    ----------
    instrument_id: such as "SIMALPHA", or "SIMALPHA2" for an independent second one.
    description: one sentence for a person.
    volatility: standard deviation of close-to-close log returns per day while calm.
    turbulence: volatility in the turbulent regime divided by that of the calm one; 1.0 means one regime.
    stay: probability that a bar keeps the regime of the bar before (two-state Markov chain).
    lookback: bars of the visible statistic, the sum of the last `lookback` close-to-close log returns.
    hit_rate: probability that the next return has the sign of that statistic; 0.5 plants nothing,
        and it is the best accuracy any forecast of the next direction can have (one minus it below 0.5).
    volume: units traded on a usual day.
    volume_noise: standard deviation of the part of log volume that the bar's range does not explain.
    drift_time: when the four numbers below take over; None means never.
    volatility_ratio: volatility after the drift divided by volatility before.
    volume_ratio: usual volume after the drift divided by the one before.
    volume_noise_after, hit_rate_after: what replaces `volume_noise` and `hit_rate`.
    has_defects: whether bad bars are injected (`SimulatedMarket.truth` lists them).
    defects: which kinds, in turn.
    garch_alpha, garch_beta: GARCH(1,1) of the returns: h' = volatility²·(1 - α - β) + α·r² + β·h, per bar;
        both 0 means volatility that only regimes change.
    jumps_per_day, jump_size: rate of a compound Poisson process, and the standard deviation of the
        log price jumps it brings; a jump happens before the open of its bar.
    half_life: from `drift_time` on, bars in which the planted advantage (hit rate minus one half)
        halves; 0 means that it does not decay.
    split_every, split_ratio: days of trade between two splits, and new shares for one old; 0 means none.
    dividend_every, dividend_yield: days of trade between two dividends, and their share of the price before.
    """

    instrument_id: str
    description: str
    volatility: float = 0.012
    turbulence: float = 1.0
    stay: float = 0.98
    lookback: int = 5
    hit_rate: float = 0.5
    volume: float = 1_000_000.0
    volume_noise: float = 0.25
    drift_time: datetime | None = None
    volatility_ratio: float = 1.0
    volume_ratio: float = 1.0
    volume_noise_after: float = 0.25
    hit_rate_after: float = 0.5
    has_defects: bool = False
    defects: tuple[str, ...] = BASIC_DEFECTS
    garch_alpha: float = 0.0
    garch_beta: float = 0.0
    jumps_per_day: float = 0.0
    jump_size: float = 0.0
    half_life: int = 0
    split_every: int = 0
    split_ratio: float = 2.0
    dividend_every: int = 0
    dividend_yield: float = 0.0

    @property
    def has_actions(self) -> bool:
        """Whether shares are split or pay dividends; such an instrument exists in days only."""
        return bool(self.split_every or self.dividend_every)


RECIPES = {
    "SIMNULL": PlantedTruth("SIMNULL", "A random walk: nothing about the next direction can be known."),
    "SIMALPHA": PlantedTruth(
        "SIMALPHA", "Momentum: the next return has the sign of the last five bars' in 60 % of all cases.", hit_rate=0.60
    ),
    "SIMREGIME": PlantedTruth(
        "SIMREGIME",
        "Calm and turbulent stretches of 50 bars on average; the regime can be seen, the direction cannot.",
        volatility=0.008,
        turbulence=3.0,
    ),
    # Chosen so that the default drift rule notices: a milder change was missed on two of three seeds
    # (docs/calibration.md). It exercises the retraining loop and measures no detector.
    "SIMDRIFT": PlantedTruth(
        "SIMDRIFT",
        "A calm market that reverts turns, from a date on, into a wild one that trends, with other volume.",
        volatility=0.010,
        hit_rate=0.35,
        drift_time=DRIFT_DATE,
        volatility_ratio=3.0,
        volume_ratio=3.0,
        volume_noise_after=0.70,
        hit_rate_after=0.65,
    ),
    "SIMBAD": PlantedTruth("SIMBAD", "A random walk with bad bars at known places.", has_defects=True),
    "SIMDIRTY": PlantedTruth(
        "SIMDIRTY", "A random walk with bad bars of every kind.", has_defects=True, defects=ALL_DEFECTS
    ),
    "SIMGARCH": PlantedTruth(
        "SIMGARCH",
        "Volatility clusters as in real returns, GARCH(1,1); the direction cannot be known.",
        garch_alpha=0.08,
        garch_beta=0.90,
    ),
    "SIMJUMP": PlantedTruth(
        "SIMJUMP",
        "A random walk with a jump every fifty days: real news, which no check may take for an error.",
        jumps_per_day=0.02,
        jump_size=0.05,
    ),
    # The half-life is a quarter of a year of days: slow enough to be traded, fast enough to be missed.
    "SIMDECAY": PlantedTruth(
        "SIMDECAY",
        "Momentum as in SIMALPHA until a date; from then on what can be known halves every 63 bars.",
        hit_rate=0.60,
        hit_rate_after=0.60,
        drift_time=DRIFT_DATE,
        half_life=63,
    ),
    "SIMSPLIT": PlantedTruth(
        "SIMSPLIT",
        "A random walk in days whose shares split in two every 500 of them and pay half a per cent every 63.",
        split_every=500,
        dividend_every=63,
        dividend_yield=0.005,
    ),
}

_NAME = re.compile(rf"({'|'.join(RECIPES)})(\d*)")


def planted_truth(instrument_id: str, drift_time: datetime = DRIFT_DATE) -> PlantedTruth:
    """What is planted in an instrument; a number after a known name makes an independent twin.

    An unknown name raises `UnknownNameError`, which lists the known ones.

    >>> planted_truth("SIMALPHA2").hit_rate
    0.6
    """
    match = _NAME.fullmatch(instrument_id)
    if match is None:
        raise UnknownNameError("instrument", instrument_id, RECIPES, where="simulated market: ")
    recipe = replace(RECIPES[match[1]], instrument_id=instrument_id)
    return replace(recipe, drift_time=drift_time) if recipe.drift_time else recipe
