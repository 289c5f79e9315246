"""Where the checks on bars begin to object: every threshold, with its reason and default.

The rates at which the defaults flag clean bars are in `docs/data_quality.md`, measured by
`python -m benchmarks.data_quality`. They are set for an installation under `[quality]` in
`trimtab.toml`, or by `TRIMTAB_QUALITY__SPIKE_SIGMAS=15` and the like.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class CheckLimits(BaseModel):
    """Where a check begins to object. Defaults were chosen on real equity and crypto bars.

    Attributes
    ----------
    price_noise: relative violation of high and low that is rounding, not an error: exports that
        multiply prices with a factor are off by up to 1e-7.
    duplicate_range: relative difference of high and low up to which two rows of one time, with the
        same open and close, are the same bar told twice; beyond, they contradict each other.
    stale_bars: consecutive bars equal in all prices and volume that make a stale run.
    window: returns on either side of a bar whose median and MAD say what is usual there.
    spike_sigmas, spike_return: a spike leaves by this many robust sigmas and by this log return ...
    spike_reversal: ... and comes back so far that at most this share of it remains.
    split_sigmas: a jump must be this many robust sigmas to be a suspected split.
    split_tolerance: log distance to a usual split ratio, plus one robust sigma.
    unit_tolerance: log distance of a jump to 100 or 1/100.
    unit_bars: longest stretch in another unit; a longer one is a new level and only flagged.
    usual_zero_volume: share of bars without volume above which such bars are usual.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    price_noise: float = Field(default=1e-6, ge=0.0, lt=0.1)
    duplicate_range: float = Field(default=0.01, ge=0.0, lt=1.0)
    stale_bars: int = Field(default=5, ge=2)
    window: int = Field(default=30, ge=5, le=1000)
    spike_sigmas: float = Field(default=12.0, gt=0.0)
    spike_return: float = Field(default=0.10, gt=0.0)
    spike_reversal: float = Field(default=0.25, ge=0.0, le=1.0)
    split_sigmas: float = Field(default=10.0, gt=0.0)
    split_tolerance: float = Field(default=0.06, ge=0.0, lt=1.0)
    unit_tolerance: float = Field(default=0.35, ge=0.0, lt=2.0)
    unit_bars: int = Field(default=60, ge=1)
    usual_zero_volume: float = Field(default=0.01, ge=0.0, le=1.0)
