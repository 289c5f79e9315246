"""The labels: which of the fifteen named patterns the rules see at each bar."""

from __future__ import annotations

import numpy as np

from trimtab.bars import Bars
from trimtab.features.engine import compute

# In this order everywhere: columns of labels, outputs of the network, rows of a table.
PATTERNS = (
    "doji",
    "hammer",
    "shooting_star",
    "bullish_engulfing",
    "bearish_engulfing",
    "morning_star",
    "evening_star",
    "three_white_soldiers",
    "three_black_crows",
    "harami",
    "piercing_line",
    "dark_cloud_cover",
    "tweezer_top",
    "tweezer_bottom",
    "marubozu",
)


def rule_labels(bars: Bars) -> np.ndarray:
    """Whether each rule sees its pattern end at each bar: bool, shape (n, 15), columns as `PATTERNS`.

    A bar too early for a rule is False. Harami and marubozu count in either direction: their rules say
    1 or -1, the label only that the pattern is there.

    Parameters
    ----------
    bars: accepted bars of one series, strictly increasing in `event_time`.
    """
    said = compute(bars, PATTERNS).values
    return np.isfinite(said) & (said != 0.0)
