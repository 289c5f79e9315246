"""Where the checks on bars begin to object: every threshold, with its reason and default.

The rates at which the defaults flag clean bars are in `docs/data_quality.md`, measured by
`python -m benchmarks.data_quality`. They are set for an installation under `[quality]` in
`trimtab.toml`, or by `TRIMTAB_QUALITY__SPIKE_SIGMAS=15` and the like.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class CheckLimits(BaseModel):
    """Where a check begins to object. Round numbers, chosen with real equity and crypto bars in view.

    A sigma is robust (1.4826 times the median absolute deviation) and local: of the `window`
    returns on either side.

    Attributes
    ----------
    price_noise: relative violation of high and low that is rounding, not an error: exports that
        multiply prices with a factor are off by up to 1e-7.
    duplicate_range: relative difference of high and low up to which two rows of one time, with the
        same open and close, are the same bar told twice; beyond, they contradict each other.
    stale_bars: consecutive bars equal in all prices and volume that make a stale run, unless bars
        of the instrument repeat so often that chance makes such runs.
    window: returns on either side of a bar whose median and MAD say what is usual there.
    spike_sigmas, spike_return: a spike leaves by this many sigmas and by this log return ...
    spike_reversal: ... and comes back so far that at most this share of it remains.
    wick_sigmas, wick_return: a high or low is outside open and close by this many sigmas and by
        this log return.
    split_sigmas: a jump by a usual ratio is a suspected split beyond this many sigmas ...
    split_volume_sigmas: ... beyond this many where volume changed by the opposite ratio ...
    split_told_sigmas: ... and beyond this many beside a split somebody told us of.
    split_tolerance: log distance to a usual split ratio, plus one sigma.
    stretch_bars: longest stretch of bars at another split level that comes back; a longer one
        is two jumps.
    jump_sigmas, jump_return: a jump between two bars that stays and is no split: sigmas and log
        return (0.35 is -30 % or +42 %).
    unit_tolerance: log distance of a jump to 100 or 1/100.
    unit_bars: longest stretch in another unit; a longer one is a new level and only flagged.
    usual_zero_volume: share of bars without volume above which such bars are usual.
    thin_volume: share of the median volume below which trading is thin: where thin bars are
        commoner than bars without volume, the latter are usual.
    adjustment_sigmas: a step of the factor is odd when it makes the adjusted return this many sigmas.
    adjustment_step: smallest log step of the factor that is looked at without a told action; less
        is an ordinary dividend, or an adjusted close rounded to cents.
    adjustment_tolerance: relative difference between a told action and the step of the factor.
    same_dividend_days: two dividends of the same amount within so many days are one told twice.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    price_noise: float = Field(default=1e-6, ge=0.0, lt=0.1)
    duplicate_range: float = Field(default=0.01, ge=0.0, lt=1.0)
    stale_bars: int = Field(default=5, ge=2)
    window: int = Field(default=30, ge=5, le=1000)
    spike_sigmas: float = Field(default=8.0, gt=0.0)
    spike_return: float = Field(default=0.05, gt=0.0)
    spike_reversal: float = Field(default=0.25, ge=0.0, le=1.0)
    wick_sigmas: float = Field(default=12.0, gt=0.0)
    wick_return: float = Field(default=0.20, gt=0.0)
    split_sigmas: float = Field(default=8.0, gt=0.0)
    split_volume_sigmas: float = Field(default=6.0, gt=0.0)
    split_told_sigmas: float = Field(default=4.0, gt=0.0)
    split_tolerance: float = Field(default=0.06, ge=0.0, lt=1.0)
    stretch_bars: int = Field(default=60, ge=1)
    jump_sigmas: float = Field(default=8.0, gt=0.0)
    jump_return: float = Field(default=0.35, gt=0.0)
    unit_tolerance: float = Field(default=0.35, ge=0.0, lt=2.0)
    unit_bars: int = Field(default=60, ge=1)
    usual_zero_volume: float = Field(default=0.01, ge=0.0, le=1.0)
    thin_volume: float = Field(default=0.01, ge=0.0, lt=1.0)
    adjustment_sigmas: float = Field(default=6.0, gt=0.0)
    adjustment_step: float = Field(default=0.05, gt=0.0)
    adjustment_tolerance: float = Field(default=0.10, ge=0.0, lt=1.0)
    same_dividend_days: int = Field(default=5, ge=0, le=31)
